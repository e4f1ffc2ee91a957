/*
 * linked: attempts to get more out of being dynamically linked
 *
 * Each line says what was tried and how that ended; the test knows how it has to.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kin/kin.h>

#include "core/linux/modules.h"
#include "linked.h"

#define PAGE_BYTES  4096u
#define BLOCK_BYTES (64u << 10)
#define BLOCKS_MAX  4096u

struct attempt {
	const char *name;
	bool (*run)(void); /* leaves why not in errno */
};

static int module_descriptor;
static int dataspace;

static bool was_mapped(void *at)
{
	return at != MAP_FAILED;
}

static bool open_descriptor(int fd)
{
	return fd >= 0 && fcntl(fd, F_GETFD) >= 0;
}

static bool open_a_file(void)
{
	return open_descriptor(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static bool open_a_folder(void)
{
	return open_descriptor(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static bool create_a_file(void)
{
	return open_descriptor(open("/tmp/linked", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

static bool open_a_library_that_is_none_of_its_own(void)
{
	return dlopen("libm.so.6", RTLD_NOW) != NULL;
}

static bool look_at_a_file(void)
{
	struct stat status;

	return stat("/etc/passwd", &status) == 0;
}

static bool look_at_a_descriptor(void)
{
	struct stat status;

	return fstat(module_descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

static bool open_a_module_by_any_path(void)
{
	char magic[4] = "";

	module_descriptor = open("/nowhere/libfar.so", O_RDWR);
	return module_descriptor >= MODULE_FIRST && module_descriptor < MODULES_END &&
	       read(module_descriptor, magic, sizeof(magic)) == sizeof(magic) &&
	       memcmp(magic, "\177ELF", sizeof(magic)) == 0;
}

static bool write_to_a_module(void)
{
	return pwrite(module_descriptor, "x", 1, 0) == 1;
}

static bool map_a_module_for_sharing_changes(void)
{
	return was_mapped(
		mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, module_descriptor, 0));
}

/* Whatever close() says: could another descriptor take a module's number? */
static bool take_the_number_of_a_module(void)
{
	struct stat before, after;

	if (fstat(module_descriptor, &before) < 0)
		return true;
	close(module_descriptor);
	close(MODULES_END - 1);
	if (fcntl(MODULES_END - 1, F_GETFD) < 0)
		return true;
	fcntl(dataspace, F_DUPFD_CLOEXEC, module_descriptor);
	if (fstat(module_descriptor, &after) < 0)
		return true;
	errno = 0;
	return before.st_ino != after.st_ino;
}

static bool map_code_of_a_module(void)
{
	return was_mapped(
		mmap(NULL, PAGE_BYTES, PROT_READ | PROT_EXEC, MAP_PRIVATE, module_descriptor, 0));
}

static bool map_code_that_can_be_written(void)
{
	return was_mapped(mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE,
		module_descriptor, 0));
}

static bool map_code_of_a_dataspace(void)
{
	return was_mapped(mmap(NULL, PAGE_BYTES, PROT_READ | PROT_EXEC, MAP_PRIVATE, dataspace, 0));
}

static bool map_code_of_nothing(void)
{
	return was_mapped(
		mmap(NULL, PAGE_BYTES, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static bool make_memory_executable(void)
{
	void *at =
		mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return was_mapped(at) && mprotect(at, PAGE_BYTES, PROT_READ | PROT_EXEC) == 0;
}

static bool make_code_writable_and_code_again(void)
{
	void *at = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_EXEC, MAP_PRIVATE, module_descriptor, 0);

	return was_mapped(at) && mprotect(at, PAGE_BYTES, PROT_READ | PROT_WRITE) == 0 &&
	       mprotect(at, PAGE_BYTES, PROT_READ | PROT_EXEC) == 0;
}

static void own_handler(int number)
{
}

/* The handler is the component's own affair: without it the calls fail all the same. */
static bool open_with_another_handler(void)
{
	signal(SIGSYS, own_handler);
	return open_a_file();
}

static const struct attempt attempts[] = {
	{ "open a file", open_a_file },
	{ "open a folder", open_a_folder },
	{ "create a file", create_a_file },
	{ "open a library that is none of its own", open_a_library_that_is_none_of_its_own },
	{ "look at a file", look_at_a_file },
	{ "open a module by any path", open_a_module_by_any_path },
	{ "look at a descriptor", look_at_a_descriptor },
	{ "write to a module", write_to_a_module },
	{ "map a module for sharing changes", map_a_module_for_sharing_changes },
	{ "take the number of a module", take_the_number_of_a_module },
	{ "map code of a module", map_code_of_a_module },
	{ "map code that can be written", map_code_that_can_be_written },
	{ "map code of a dataspace", map_code_of_a_dataspace },
	{ "map code of nothing", map_code_of_nothing },
	{ "make memory executable", make_memory_executable },
	{ "make code writable and code again", make_code_writable_and_code_again },
	{ "open with another handler", open_with_another_handler },
};

int attempt_all(struct kin_env *env)
{
	struct kin_ram ram;

	if (kin_ram_alloc(env, NULL, PAGE_BYTES, 0, &ram))
		return 1;
	dataspace = ram.dataspace;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++) {
		errno = 0;
		bool done = attempts[i].run();

		kin_log(env, "%s: %s", attempts[i].name,
			done    ? "done"
			: errno ? strerror(errno)
				: "in vain");
	}
	return 0;
}

static void *block_heap(void)
{
	return mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Read-only memory is not counted as data, so it must not become that once it is written. */
static void *block_hidden(void)
{
	void *at = block_heap();

	if (at != MAP_FAILED)
		mprotect(memset(at, 1, BLOCK_BYTES), BLOCK_BYTES, PROT_READ);
	return at;
}

static void *block_reserved(void)
{
	void *at = mmap(NULL, BLOCK_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at != MAP_FAILED && mprotect(at, BLOCK_BYTES, PROT_READ | PROT_WRITE) < 0) {
		munmap(at, BLOCK_BYTES);
		return MAP_FAILED;
	}
	return at;
}

static void *block_of_a_module(void)
{
	return mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, module_descriptor, 0);
}

static size_t blocks_take(void *(*take)(void) )
{
	static void *blocks[BLOCKS_MAX];
	size_t n = 0, held;

	while (n < BLOCKS_MAX && (blocks[n] = take()) != MAP_FAILED)
		n++;
	held = n * BLOCK_BYTES;
	while (n--)
		munmap(blocks[n], BLOCK_BYTES);
	return held;
}

int attempt_memory(struct kin_env *env)
{
	static const struct {
		const char *name;
		void *(*take)(void);
	} ways[] = {
		{ "heap", block_heap },
		{ "hidden", block_hidden },
		{ "reserved", block_reserved },
		{ "of a module", block_of_a_module },
	};

	module_descriptor = open("libc.so.6", O_RDONLY);
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		size_t held = blocks_take(ways[i].take);
		int error = errno;
		struct kin_account account;

		if (kin_account_read(env, &account))
			return 1;
		kin_log(env, "%s: held %zu of %llu, %s", ways[i].name, held,
			(unsigned long long) (account.ram_quota - account.ram_used),
			strerror(error));
	}
	return 0;
}
