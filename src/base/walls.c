/* The words for walls; see the header. */
#include "base/walls.h"

#include <inttypes.h>
#include <stdio.h>

#include <kin/generator.h>

#define NAME_BYTES 32

static const char *if_stands(const struct walls *walls, enum wall wall, const char *words)
{
	return walls->standing & wall ? words : "";
}

static const char *attribute(char name[NAME_BYTES], const char *what, const char *suffix)
{
	snprintf(name, NAME_BYTES, "%s%s", what, suffix);
	return name;
}

static void cpu_generate(struct kin_generator *g, const struct walls *walls, const char *name)
{
	const char *group = if_stands(walls, WALL_GROUP_CPU, ", control group");

	if (walls->standing & WALL_IDLE_CLASS)
		kin_generator_attribute_format(g, name, "idle class%s", group);
	else
		kin_generator_attribute_format(g, name, "nice %" PRId64 "%s", walls->nice, group);
}

void walls_generate(struct kin_generator *g, const struct walls *walls, const char *suffix)
{
	const char *own_user = if_stands(walls, WALL_USER, ", own user");
	char name[NAME_BYTES];

	if (!(walls->standing & WALL_PROCESS))
		return;
	kin_generator_attribute_format(g, attribute(name, "ram", suffix),
		"%s, address limit, watch%s",
		walls->standing & WALL_DATA_LIMIT ? "data limit" : "nothing but the account",
		if_stands(walls, WALL_GROUP_MEMORY, ", control group"));
	kin_generator_attribute_format(g, attribute(name, "caps", suffix),
		"account, descriptor limit%s", *own_user ? own_user : ", watch");
	cpu_generate(g, walls, attribute(name, "cpu", suffix));
	kin_generator_attribute_format(g, attribute(name, "reach", suffix), "seccomp%s%s%s",
		if_stands(walls, WALL_LANDLOCK, ", Landlock"), own_user,
		if_stands(walls, WALL_GROUP_PIDS, ", control group"));
}
