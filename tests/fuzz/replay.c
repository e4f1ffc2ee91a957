/*
 * Replay: runs one fuzz target over files, without libFuzzer
 *
 * Each argument is a folder whose files are inputs, or one such file. The name of each is printed
 * before it is run, so that the last line of a crash names its input. A folder without inputs is a
 * failure: it replays nothing.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/input.h"

#define INPUT_BYTES_MAX (1u << 20)

static void replay_file(const char *path)
{
	uint8_t *data = malloc(INPUT_BYTES_MAX), *exact;
	FILE *file = fopen(path, "rb");

	if (!file || !data) {
		fprintf(stderr, "%s can't be read\n", path);
		exit(1);
	}
	size_t n = fread(data, 1, INPUT_BYTES_MAX, file);

	fclose(file);
	/* A block that ends where the input does: a sanitizer sees who reads beyond. */
	exact = realloc(data, n ? n : 1);
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
}

/* Return: how many inputs there were */
static unsigned replay(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	unsigned n = 0;
	char file[4096];

	if (!dir) {
		replay_file(path);
		return 1;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		replay_file(file);
		n++;
	}
	closedir(dir);
	return n;
}

int main(int argc, char **argv)
{
	unsigned n = 0;

	for (int i = 1; i < argc; i++)
		n += replay(argv[i]);
	printf("%u inputs replayed\n", n);
	return n == 0;
}
