/* Doctor; see the header. */
#include "core/doctor.h"

#include <string.h>

#include "core/linux/probe.h"

#define MECHANISM_COLUMNS 33
#define VERDICT_COLUMNS   10

static const char *const NEEDS[] = {
	[PROBE_REQUIRED] = "required", [PROBE_EXPECTED] = "expected", [PROBE_OPTIONAL] = "optional"
};

static void line_print(FILE *stream, const char *what, const char *text)
{
	fprintf(stream, "%*s%s: %s\n", MECHANISM_COLUMNS + VERDICT_COLUMNS + 2, "", what, text);
}

static void probe_print(const struct probe *probe, int error, FILE *stream)
{
	fprintf(stream, "%-*s %-*s %s\n", MECHANISM_COLUMNS, probe->mechanism, VERDICT_COLUMNS,
		error ? "no" : "yes", probe->purpose);
	line_print(stream, "without it", probe->weaker);
	line_print(stream, "to get it", probe->remedy);
	if (error)
		fprintf(stream, "%*s%s here: %s\n", MECHANISM_COLUMNS + VERDICT_COLUMNS + 2, "",
			NEEDS[probe->need], strerror(error));
}

int doctor_report(const struct spawner *spawner, FILE *stream)
{
	int n_missing = 0;

	fprintf(stream, "%-*s %-*s %s\n", MECHANISM_COLUMNS, "mechanism", VERDICT_COLUMNS,
		"works here", "what it is for");
	fflush(stream);
	for (size_t i = 0; i < N_PROBES; i++) {
		int error = probe_run(&PROBES[i], spawner);

		probe_print(&PROBES[i], error, stream);
		fflush(stream);
		n_missing += error && PROBES[i].need != PROBE_OPTIONAL;
	}
	return n_missing;
}

int doctor_insist(const struct spawner *spawner, FILE *stream)
{
	int n_missing = 0;

	for (size_t i = 0; i < N_PROBES; i++) {
		const struct probe *probe = &PROBES[i];
		int error = probe->need == PROBE_OPTIONAL ? 0 : probe_run(probe, spawner);

		if (!error)
			continue;
		fprintf(stream, "kin: --strict: %s does not work here (%s): %s; to get it: %s\n",
			probe->mechanism, strerror(error), probe->weaker, probe->remedy);
		n_missing++;
	}
	return n_missing;
}
