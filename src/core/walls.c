/* What holds a component; see the header. */
#include "core/walls.h"

#include <sched.h>
#include <sys/resource.h>

#include "core/process.h"
#include "core/services.h"

static uint32_t if_holds(bool holds, enum wall wall)
{
	return holds ? wall : 0;
}

struct walls walls_around(const struct pd *pd)
{
	const struct process *process = pd->process;

	if (!process || process->ended)
		return (struct walls){ 0 };
	const struct spawner *spawner = pd->session.services->spawner;
	const struct cgroups *cgroups = &spawner->cgroups;
	bool group = process->cgroup.number != 0;

	return (struct walls){
		.standing =
			WALL_PROCESS | if_holds(spawner->data_enforced, WALL_DATA_LIMIT) |
			if_holds(spawner->landlock_fd >= 0, WALL_LANDLOCK) |
			if_holds(process->uid, WALL_USER) |
			if_holds(group && cgroups->memory, WALL_GROUP_MEMORY) |
			if_holds(group && cgroups->cpu, WALL_GROUP_CPU) |
			if_holds(group && cgroups->pids, WALL_GROUP_PIDS) |
			if_holds(sched_getscheduler(process->pid) == SCHED_IDLE, WALL_IDLE_CLASS),
		.nice = getpriority(PRIO_PROCESS, (id_t) process->pid),
	};
}

int core_pd_walls(struct pd *pd, const struct pd_walls_request *request, struct pd_walls_reply *ret)
{
	ret->n_walls = request->n_accounts;
	for (uint32_t i = 0; i < request->n_accounts; i++) {
		const struct pd *child = pd_child(pd, request->accounts[i].account);

		/* Its adopter may know of its end before the loop told us. */
		if (child && child->process)
			process_poll(child->process);
		struct walls walls = child ? walls_around(child) : (struct walls){ 0 };

		ret->walls[i] = (struct pd_held){ walls.standing, walls.nice };
	}
	return 0;
}
