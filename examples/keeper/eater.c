/*
 * eater: takes all memory there is, and gives back what it is asked for
 */
#include <kin/kin.h>

#include "meal.h"

#define BITE_BYTES (512u << 10)
#define BITES_MAX  64

struct eater {
	struct kin_env *env;
	struct kin_session meal;
	struct kin_ram bites[BITES_MAX];
	unsigned n_bites;
};

static void eat(void *data)
{
	struct eater *eater = data;

	while (eater->n_bites < BITES_MAX &&
		kin_ram_alloc(eater->env, NULL, BITE_BYTES, 0, &eater->bites[eater->n_bites]) == 0)
		eater->n_bites++;
	meal_eaten(eater->meal.channel,
		&(struct meal_eaten_request){ (uint64_t) eater->n_bites * BITE_BYTES });
}

static void yield(uint64_t ram, uint64_t caps, void *data)
{
	struct eater *eater = data;

	for (uint64_t freed = 0; freed < ram && eater->n_bites > 0; freed += BITE_BYTES)
		kin_ram_free(&eater->bites[--eater->n_bites]);
}

int kin_main(struct kin_env *env)
{
	static struct eater eater;

	eater.env = env;
	kin_set_shortage_policy(env, KIN_SHORTAGE_FAIL);
	if (kin_session_open(env, &eater.meal, &meal_interface, NULL))
		return 1;
	kin_on_yield(env, yield, &eater);
	kin_on_resource(env, eat, &eater);
	eat(&eater);
	return kin_run(env);
}
