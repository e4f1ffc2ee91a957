/* CPU service; see the header. */
#include "core/cpu.h"

#include <errno.h>
#include <sys/resource.h>

#include "core/costs.h"
#include "core/pd.h"
#include "core/process.h"
#include "core/services.h"
#include "wire/cpu.h"

#define NICE_LOWEST 19
#define QUARTER     (KIN_PRIORITY_LIMIT / 4)

/* Where the idle class would stand among the nice values, by what it weighs */
#define NICE_OF_IDLE 26
/* As many nice values weigh nine to one, at least; with one more there is something to spare. */
#define TENTH_MIN 10
#define TENTH     (TENTH_MIN + 1)

static int handle_info(void *self, struct cpu_info_request *request, struct cpu_info_reply *reply)
{
	const struct cpu_session *cpu = self;

	reply->priority = cpu->priority;
	reply->affinity = cpu->affinity;
	return 0;
}

/* From core's own nice value to where the second quarter of the band begins */
static int first_step(int own)
{
	int to_idle = NICE_OF_IDLE - own;

	if (own > 0)
		return ((NICE_LOWEST - own) * TENTH + NICE_LOWEST - 1) / NICE_LOWEST;
	return to_idle < 3 * TENTH_MIN ? TENTH : (to_idle + 2) / 3;
}

int cpu_nice_below(int own, int64_t priority)
{
	int first = first_step(own), rest = NICE_OF_IDLE - own - first;
	int third = own + first + (rest + 1) / 2;
	int begins[] = { own, own + first, third < NICE_LOWEST ? third : NICE_LOWEST, NICE_LOWEST };
	int64_t quarter = priority / QUARTER;

	if (quarter >= 3)
		return SPAWN_NICE_IDLE;
	return begins[quarter] +
	       (int) ((begins[quarter + 1] - begins[quarter]) * (priority % QUARTER) / QUARTER);
}

int cpu_nice(const struct cpu_session *cpu)
{
	errno = 0;
	int own = getpriority(PRIO_PROCESS, 0);

	return cpu_nice_below(errno ? 0 : own, cpu->priority);
}

unsigned cpu_weight(const struct cpu_session *cpu)
{
	int64_t weight = CGROUP_WEIGHT_MAX;

	for (int64_t quarters = cpu->priority / QUARTER; quarters > 0; quarters--)
		weight /= 10;
	return (unsigned) (weight - weight * 9 / 10 * (cpu->priority % QUARTER) / QUARTER);
}

bool cpu_places(const struct cpu_session *cpu, cpu_set_t *ret)
{
	const struct kin_affinity *affinity = &cpu->affinity;
	uint64_t n_columns = affinity->space_width, index = 0;
	cpu_set_t usable;

	if (n_columns == 0 || sched_getaffinity(0, sizeof(usable), &usable) < 0)
		return false;
	uint64_t n_cpus = (uint64_t) CPU_COUNT(&usable);
	uint64_t begin = affinity->x * n_cpus, end = begin + affinity->width * n_cpus;

	CPU_ZERO(ret);
	for (size_t i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &usable))
			continue;
		if ((index + 1) * n_columns > begin && index * n_columns < end)
			CPU_SET(i, ret);
		index++;
	}
	return true;
}

static int cpu_open(struct core_session *session, const struct kin_args *args,
	const struct kin_affinity *affinity)
{
	struct cpu_session *cpu = (struct cpu_session *) session;
	uint64_t priority = kin_args_number(args, "priority", 0);

	if (!kin_affinity_valid(affinity) || affinity->space_width > KIN_AFFINITY_SPACE_MAX ||
		affinity->space_height > KIN_AFFINITY_SPACE_MAX) {
		core_log(session->services, OWNER_WARNING, "%s: invalid affinity", session->label);
		return KIN_DENIED;
	}
	cpu->affinity = *affinity;
	cpu->priority = priority < KIN_PRIORITY_LIMIT ? (int64_t) priority : KIN_PRIORITY_LIMIT - 1;
	return 0;
}

static void cpu_close(struct core_session *session)
{
	struct cpu_session *cpu = (struct cpu_session *) session;

	if (!cpu->pd)
		return;
	process_stop(cpu->pd->process);
	cpu->pd->cpu = NULL;
}

static const struct cpu_handlers handlers = { .info = handle_info };

const struct core_service core_cpu_service = {
	.interface = &cpu_interface,
	.handlers = &handlers,
	.donation_min = { SESSION_RAM_BYTES, SESSION_CAPS },
	.session_size = sizeof(struct cpu_session),
	.burst = 1,
	.open = cpu_open,
	.close = cpu_close,
};
