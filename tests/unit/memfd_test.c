/*
 * memfd: dataspaces can't grow, can be taken back, and read-only ones stay so; snapshots never
 * change
 */
#include "core/linux/memfd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static off_t size_of(int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	return status.st_size;
}

static int ram_new(uint64_t size)
{
	int fd;

	assert_int_equal(ram_memfd_create("test", size, &fd), 0);
	return fd;
}

static void size_is_rounded_to_pages(void **state)
{
	long page = sysconf(_SC_PAGESIZE);
	int one = ram_new(1), two = ram_new((uint64_t) page + 1);

	(void) state;
	assert_int_equal(size_of(one), page);
	assert_int_equal(size_of(two), 2 * page);
	assert_int_equal(fcntl(one, F_GETFD), FD_CLOEXEC);
	close(one);
	close(two);
}

static void absurd_sizes_are_refused(void **state)
{
	int fd = -7;

	(void) state;
	assert_int_equal(ram_memfd_create("test", 0, &fd), -EINVAL);
	assert_int_equal(ram_memfd_create("test", UINT64_MAX, &fd), -EINVAL);
	assert_int_equal(ram_memfd_create("test", INT64_MAX, &fd), -EINVAL);
	assert_int_equal(fd, -7);
}

static void dataspace_cannot_grow_nor_be_sealed_further(void **state)
{
	int fd = ram_new(4096);

	(void) state;
	assert_int_equal(ftruncate(fd, 1 << 20), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(pwrite(fd, "x", 1, size_of(fd)), -1);
	assert_int_equal(fallocate(fd, 0, size_of(fd), 4096), -1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	close(fd);
}

static void dataspace_cannot_become_executable(void **state)
{
	int fd = ram_new(4096), seals = fcntl(fd, F_GET_SEALS);
	struct stat status;

	(void) state;
	assert_int_equal(seals & (F_SEAL_GROW | F_SEAL_SEAL), F_SEAL_GROW | F_SEAL_SEAL);
	/* F_SEAL_EXEC; kernels before Linux 6.3 have no such memfds */
	if (!(seals & 0x20))
		skip();
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_mode & 0111, 0);
	assert_int_equal(fchmod(fd, 0777), -1);
	close(fd);
}

static void pages_written_through_one_are_read_through_the_other(void **state)
{
	int rw = ram_new(4096), ro;
	char *writer, *reader;

	(void) state;
	assert_int_equal(ram_memfd_read_only(rw, &ro), 0);
	writer = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, rw, 0);
	reader = mmap(NULL, 4096, PROT_READ, MAP_SHARED, ro, 0);
	assert_ptr_not_equal(writer, MAP_FAILED);
	assert_ptr_not_equal(reader, MAP_FAILED);
	strcpy(writer, "lent");
	assert_string_equal(reader, "lent");
	munmap(writer, 4096);
	munmap(reader, 4096);
	close(rw);
	close(ro);
}

static void read_only_descriptor_cannot_write(void **state)
{
	int rw = ram_new(4096), ro;
	void *reader;

	(void) state;
	assert_int_equal(ram_memfd_read_only(rw, &ro), 0);
	assert_int_equal(fcntl(ro, F_GETFD), FD_CLOEXEC);
	assert_int_equal(pwrite(ro, "x", 1, 0), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(ftruncate(ro, 0), -1);
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0), MAP_FAILED);
	assert_int_equal(errno, EACCES);
	reader = mmap(NULL, 4096, PROT_READ, MAP_SHARED, ro, 0);
	assert_ptr_not_equal(reader, MAP_FAILED);
	assert_int_equal(mprotect(reader, 4096, PROT_READ | PROT_WRITE), -1);
	munmap(reader, 4096);
	close(rw);
	close(ro);
}

/* Touches a mapping after it was revoked; the parent must see SIGBUS */
static void touch(volatile char *mapped)
{
	signal(SIGBUS, SIG_DFL);
	mapped[0] = 1;
	_exit(0);
}

static void revoked_pages_are_gone_from_every_mapping(void **state)
{
	int fd = ram_new(4096), status;
	char *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	struct stat after;
	pid_t pid;

	(void) state;
	mapped[0] = 1;
	assert_int_equal(ram_memfd_revoke(fd), 0);
	assert_int_equal(fstat(fd, &after), 0);
	assert_int_equal(after.st_size, 0);
	assert_int_equal(after.st_blocks, 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		touch(mapped);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
	assert_int_equal(ftruncate(fd, 4096), -1);
	munmap(mapped, 4096);
	close(fd);
}

/* A file without a name that holds @text */
static int file_new(const char *text)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void snapshot_is_a_copy_and_leaves_the_position(void **state)
{
	int file = file_new("before"), rom;
	char text[16] = "";

	(void) state;
	lseek(file, 3, SEEK_SET);
	assert_int_equal(rom_memfd_snapshot(file, "rom", UINT64_MAX, &rom), 0);
	assert_int_equal(lseek(file, 0, SEEK_CUR), 3);
	assert_int_equal(pwrite(file, "AFTER!", 6, 0), 6);
	assert_int_equal(pread(rom, text, sizeof(text), 0), 6);
	assert_string_equal(text, "before");
	close(file);
	close(rom);
}

static void snapshot_never_changes(void **state)
{
	int file = file_new("before"), rom;

	(void) state;
	assert_int_equal(rom_memfd_snapshot(file, "rom", UINT64_MAX, &rom), 0);
	assert_int_equal(pwrite(rom, "x", 1, 0), -1);
	assert_int_equal(ftruncate(rom, 0), -1);
	assert_int_equal(ftruncate(rom, 100), -1);
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, rom, 0), MAP_FAILED);
	assert_int_equal(fcntl(rom, F_ADD_SEALS, F_SEAL_WRITE), -1);
	close(file);
	close(rom);
}

static void files_are_copied_whole_or_as_far_as_asked_for(void **state)
{
	int file = file_new(""), rom;
	char last = 0;

	(void) state;
	assert_int_equal(rom_memfd_snapshot(file, "rom", UINT64_MAX, &rom), 0);
	assert_int_equal(size_of(rom), 0);
	close(rom);
	assert_int_equal(pwrite(file, "z", 1, (5 << 20) + 12), 1);
	assert_int_equal(rom_memfd_snapshot(file, "rom", UINT64_MAX, &rom), 0);
	assert_int_equal(size_of(rom), (5 << 20) + 13);
	assert_int_equal(pread(rom, &last, 1, (5 << 20) + 12), 1);
	assert_int_equal(last, 'z');
	close(rom);
	assert_int_equal(rom_memfd_snapshot(file, "rom", 4097, &rom), 0);
	assert_int_equal(size_of(rom), 4097);
	close(rom);
	close(file);
}

static void only_regular_files_are_copied(void **state)
{
	int folder = open("/", O_RDONLY | O_CLOEXEC),
	    null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int rom = -7;

	(void) state;
	assert_int_equal(rom_memfd_snapshot(folder, "rom", UINT64_MAX, &rom), -EINVAL);
	assert_int_equal(rom_memfd_snapshot(null, "rom", UINT64_MAX, &rom), -EINVAL);
	assert_int_equal(rom_memfd_snapshot(-1, "rom", UINT64_MAX, &rom), -EBADF);
	assert_int_equal(rom, -7);
	close(folder);
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_is_rounded_to_pages),
		cmocka_unit_test(absurd_sizes_are_refused),
		cmocka_unit_test(dataspace_cannot_grow_nor_be_sealed_further),
		cmocka_unit_test(dataspace_cannot_become_executable),
		cmocka_unit_test(pages_written_through_one_are_read_through_the_other),
		cmocka_unit_test(read_only_descriptor_cannot_write),
		cmocka_unit_test(revoked_pages_are_gone_from_every_mapping),
		cmocka_unit_test(snapshot_is_a_copy_and_leaves_the_position),
		cmocka_unit_test(snapshot_never_changes),
		cmocka_unit_test(files_are_copied_whole_or_as_far_as_asked_for),
		cmocka_unit_test(only_regular_files_are_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
