/* What holds a component; see the header. */
#include "core/walls.h"

#include <sched.h>
#include <sys/resource.h>

#include <kin/generator.h>

#include "core/process.h"
#include "core/services.h"

static const char *cpu_class(pid_t pid)
{
	return sched_getscheduler(pid) == SCHED_IDLE ? "idle class" : NULL;
}

static void cpu_generate(struct kin_generator *g, const struct process *process, bool group)
{
	const char *class = cpu_class(process->pid);
	const char *second = group ? ", control group" : "";

	if (class)
		kin_generator_attribute_format(g, "cpu_held_by", "%s%s", class, second);
	else
		kin_generator_attribute_format(g, "cpu_held_by", "nice %d%s",
			getpriority(PRIO_PROCESS, (id_t) process->pid), second);
}

void walls_generate(struct kin_generator *g, const struct pd *pd)
{
	const struct process *process = pd->process;

	if (!process || process->ended)
		return;
	const struct spawner *spawner = pd->session.services->spawner;
	const struct cgroups *cgroups = &spawner->cgroups;
	bool group = process->cgroup.number != 0;

	kin_generator_attribute_format(g, "ram_held_by", "%s, address limit, watch%s",
		spawner->data_enforced ? "data limit" : "nothing but the account",
		group && cgroups->memory ? ", control group" : "");
	kin_generator_attribute_format(g, "caps_held_by", "account, descriptor limit%s",
		process->uid ? ", own user" : ", watch");
	cpu_generate(g, process, group && cgroups->cpu);
	kin_generator_attribute_format(g, "reach_held_by", "seccomp%s%s%s",
		spawner->landlock_fd >= 0 ? ", Landlock" : "", process->uid ? ", own user" : "",
		group && cgroups->pids ? ", control group" : "");
}
