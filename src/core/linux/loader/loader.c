/*
 * The loader: the first code of a dynamically linked component
 *
 * A dynamic linker opens files by path, and a component has neither. This program comes before it:
 * it maps the component's program and its dynamic linker from the descriptors that core placed, as
 * the kernel would have done, and leaves one thing behind, a handler of SIGSYS. The system call
 * filter turns the linker's open and newfstatat calls into that signal, and the handler answers
 * them within the process: a path whose last part is the name of a module opens that module, any
 * other leads to nothing. What is written to descriptor 2, which no component has, becomes a line
 * of its log in the same way, so that people learn why a dynamic linker gives up.
 *
 * Core has no part in this once the process runs, and the handler guards nothing: it has only the
 * calls that the filter leaves to everybody here. A component that replaces it gains nothing.
 *
 * It belongs to no C library and contains no address that would have to be relocated. Core writes
 * it into a sealed memfd and executes that; the names of the modules come as its environment, from
 * which it takes them away. What is mapped here was checked by elf_check().
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include <kin/interface/log.h>

#include "core/linux/modules.h"
#include "wire/codec.h"
#include "wire/parent.h"

#define FAILED_STATUS 127

#if defined(__x86_64__)

#define RESULT(context)     ((context)->uc_mcontext.gregs[REG_RAX])
#define ARGUMENT_0(context) ((context)->uc_mcontext.gregs[REG_RDI])
#define ARGUMENT_1(context) ((context)->uc_mcontext.gregs[REG_RSI])
#define ARGUMENT_2(context) ((context)->uc_mcontext.gregs[REG_RDX])
#define ARGUMENT_3(context) ((context)->uc_mcontext.gregs[REG_R10])

static long call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

__asm__(".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	call loader_main\n"
	"	xor %edx, %edx\n"
	"	jmp *%rax\n"
	"loader_return:\n"
	"	mov $15, %eax\n"
	"	syscall\n");

#elif defined(__aarch64__)

#define RESULT(context)     ((context)->uc_mcontext.regs[0])
#define ARGUMENT_0(context) ((context)->uc_mcontext.regs[0])
#define ARGUMENT_1(context) ((context)->uc_mcontext.regs[1])
#define ARGUMENT_2(context) ((context)->uc_mcontext.regs[2])
#define ARGUMENT_3(context) ((context)->uc_mcontext.regs[3])

static long call(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}

__asm__(".globl _start\n"
	"_start:\n"
	"	mov x29, #0\n"
	"	mov x30, #0\n"
	"	mov x0, sp\n"
	"	bl loader_main\n"
	"	mov x16, x0\n"
	"	mov x0, #0\n"
	"	br x16\n"
	"loader_return:\n"
	"	mov x8, #139\n"
	"	svc 0\n");

#endif

/* The kernel's structure, on both machines */
struct signal_action {
	void (*handle)(int number, siginfo_t *info, void *context);
	unsigned long flags;
	void (*restore)(void);
	uint64_t mask;
};

#ifndef SA_RESTORER
#define SA_RESTORER 0x04000000
#endif

/* A file mapped as a program: @bias is what is added to its own addresses */
struct image {
	int fd;
	Elf64_Ehdr header;
	uint64_t begin, end; /* addresses of its segments, in whole pages */
	uint64_t align;
	uint64_t headers; /* address of its program headers, 0: in no segment */
	uint64_t bias;
};

static struct {
	const char *names[MODULES_MAX];
	unsigned n;
	uint64_t page_mask;
} modules;

__attribute__((visibility("hidden"))) void loader_return(void);
uint64_t loader_main(uint64_t *stack);

/* Opening, within the process */

static bool text_equal(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return *a == *b;
}

static const char *path_last(const char *path)
{
	const char *last = path;

	for (; *path; path++)
		if (*path == '/')
			last = path + 1;
	return last;
}

/* The number is the module's own: it can't be closed, so giving it out again is no harm */
static long module_open(const char *path)
{
	const char *name = path_last(path);

	for (unsigned i = MODULE_LINKER; i < modules.n; i++) {
		if (!text_equal(name, modules.names[i]))
			continue;
		call(SYS_lseek, MODULE_FIRST + i, 0, SEEK_SET, 0, 0, 0);
		return MODULE_FIRST + i;
	}
	return -ENOENT;
}

/* What fstat() became in the C library */
static long descriptor_stat(long fd, const char *path, long buffer, long flags)
{
	if ((path && *path) || !(flags & AT_EMPTY_PATH))
		return -ENOENT;
	return call(SYS_fstat, fd, buffer, 0, 0, 0, 0);
}

/* A message of the LOG interface, written by hand: there is no room for the codec here */
struct log_message {
	uint32_t operation;
	int32_t status;
	uint16_t length;
	char text[KIN_LOG_TEXT_MAX];
};

_Static_assert(offsetof(struct log_message, length) == WIRE_HEADER_SIZE, "the header is another");

static void message_add(struct log_message *message, const struct iovec *part)
{
	const char *text = part->iov_base;

	for (size_t i = 0; i < part->iov_len && message->length < KIN_LOG_TEXT_MAX; i++)
		message->text[message->length++] = text[i];
}

/* Return: what writing it would have returned */
static long message_write(const struct iovec *parts, long n_parts)
{
	struct log_message message;
	long size = 0;

	message.operation = log_write_operation;
	message.status = 0;
	message.length = 0;
	for (long i = 0; i < n_parts; i++) {
		message_add(&message, &parts[i]);
		size += (long) parts[i].iov_len;
	}
	call(SYS_sendto, START_LOG, (long) &message,
		(long) offsetof(struct log_message, text) + message.length, MSG_NOSIGNAL, 0, 0);
	return size;
}

static void refused_call(int number, siginfo_t *info, void *data)
{
	ucontext_t *context = data;

	switch (info->si_syscall) {
#ifdef SYS_open
	case SYS_open:
		RESULT(context) = module_open((const char *) ARGUMENT_0(context));
		break;
#endif
	case SYS_openat:
		RESULT(context) = module_open((const char *) ARGUMENT_1(context));
		break;
	case SYS_newfstatat:
		RESULT(context) = descriptor_stat((int) ARGUMENT_0(context),
			(const char *) ARGUMENT_1(context), (long) ARGUMENT_2(context),
			(long) ARGUMENT_3(context));
		break;
	case SYS_write:
		RESULT(context) = message_write(
			&(struct iovec){ (void *) ARGUMENT_1(context), ARGUMENT_2(context) }, 1);
		break;
	case SYS_writev:
		RESULT(context) = message_write(
			(const struct iovec *) ARGUMENT_1(context), (long) ARGUMENT_2(context));
		break;
	default:
		RESULT(context) = -ENOSYS;
	}
}

/* Mapping, as the kernel does it */

static long file_map(const struct image *image, uint64_t at, uint64_t size, int protection,
	int flags, uint64_t offset)
{
	return call(SYS_mmap, (long) at, (long) size, protection, MAP_PRIVATE | flags, image->fd,
		(long) offset);
}

static bool mapped(long answer)
{
	return (unsigned long) answer < (unsigned long) -4095L;
}

static uint64_t page_begin(uint64_t address)
{
	return address & ~modules.page_mask;
}

static uint64_t page_end(uint64_t address)
{
	return page_begin(address + modules.page_mask);
}

static bool part_read(const struct image *image, unsigned i, Elf64_Phdr *ret)
{
	long size = sizeof(*ret);

	return call(SYS_pread64, image->fd, (long) ret, size,
		       (long) (image->header.e_phoff + i * sizeof(*ret)), 0, 0) == size;
}

static bool image_measure(struct image *image)
{
	Elf64_Phdr part;

	image->begin = UINT64_MAX;
	for (unsigned i = 0; i < image->header.e_phnum; i++) {
		if (!part_read(image, i, &part))
			return false;
		if (part.p_type != PT_LOAD)
			continue;
		if (page_begin(part.p_vaddr) < image->begin)
			image->begin = page_begin(part.p_vaddr);
		if (page_end(part.p_vaddr + part.p_memsz) > image->end)
			image->end = page_end(part.p_vaddr + part.p_memsz);
		if (part.p_align > image->align)
			image->align = part.p_align;
		if (image->header.e_phoff - part.p_offset < part.p_filesz)
			image->headers = image->header.e_phoff - part.p_offset + part.p_vaddr;
	}
	return image->begin < image->end;
}

/* Room for all segments, readable until each is put in its place; a program may name its place */
static bool image_reserve(struct image *image)
{
	bool fixed = image->header.e_type == ET_EXEC;
	uint64_t size = image->end - image->begin;
	uint64_t slack = fixed || image->align <= modules.page_mask ? 0 : image->align;
	long at = file_map(image, fixed ? image->begin : 0, size + slack, PROT_READ,
		fixed ? MAP_FIXED_NOREPLACE : 0, 0);

	if (!mapped(at) || (fixed && (uint64_t) at != image->begin))
		return false;
	uint64_t begin = (uint64_t) at;

	if (slack) {
		begin += (image->begin - begin) & (image->align - 1);
		if (begin > (uint64_t) at)
			call(SYS_munmap, at, (long) (begin - (uint64_t) at), 0, 0, 0, 0);
		if (begin < (uint64_t) at + slack)
			call(SYS_munmap, (long) (begin + size),
				(long) ((uint64_t) at + slack - begin), 0, 0, 0, 0);
	}
	image->bias = begin - image->begin;
	return true;
}

static int part_protection(const Elf64_Phdr *part)
{
	return (part->p_flags & PF_R ? PROT_READ : 0) | (part->p_flags & PF_W ? PROT_WRITE : 0) |
	       (part->p_flags & PF_X ? PROT_READ | PROT_EXEC : 0);
}

/* What is memory but not file is zero: the rest of the last page, then pages of their own */
static bool part_clear(const struct image *image, const Elf64_Phdr *part)
{
	uint64_t begin = image->bias + part->p_vaddr + part->p_filesz;
	uint64_t end = image->bias + part->p_vaddr + part->p_memsz;
	uint64_t pages = page_end(begin), size = page_end(end) - pages;

	if (begin == end)
		return true;
	for (volatile char *byte = (char *) begin; byte < (char *) pages && byte < (char *) end;
		byte++)
		*byte = 0;
	return size == 0 || mapped(call(SYS_mmap, (long) pages, (long) size, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
}

static bool part_map(const struct image *image, const Elf64_Phdr *part)
{
	uint64_t shift = part->p_vaddr & modules.page_mask;

	if (part->p_filesz &&
		!mapped(file_map(image, image->bias + part->p_vaddr - shift, part->p_filesz + shift,
			part_protection(part), MAP_FIXED, part->p_offset - shift)))
		return false;
	return part_clear(image, part);
}

static bool image_map(struct image *image, int fd)
{
	long size = sizeof(image->header);
	Elf64_Phdr part;

	image->fd = fd;
	if (call(SYS_pread64, fd, (long) &image->header, size, 0, 0, 0) != size)
		return false;
	if (!image_measure(image) || !image_reserve(image))
		return false;
	for (unsigned i = 0; i < image->header.e_phnum; i++)
		if (!part_read(image, i, &part) ||
			(part.p_type == PT_LOAD && !part_map(image, &part)))
			return false;
	return true;
}

/* The stack that the kernel laid out: argc, argv, 0, envp, 0, auxv */

static uint64_t *auxv_find(uint64_t *auxv, uint64_t type)
{
	while (auxv[0] != AT_NULL && auxv[0] != type)
		auxv += 2;
	return auxv;
}

static void auxv_set(uint64_t *auxv, uint64_t type, uint64_t value)
{
	auxv = auxv_find(auxv, type);
	if (auxv[0] != AT_NULL)
		auxv[1] = value;
}

/* Takes the names out of the environment and closes the gap. Return: where auxv is now */
static uint64_t *names_take(uint64_t *envp)
{
	uint64_t *from = envp, *to = envp;

	for (; *from; from++)
		if (modules.n < MODULES_MAX)
			modules.names[modules.n++] = (const char *) *from;
	*to++ = 0;
	from++;
	uint64_t *auxv = to;

	for (; from[0] != AT_NULL; from += 2, to += 2) {
		to[0] = from[0];
		to[1] = from[1];
	}
	to[0] = to[1] = 0;
	return auxv;
}

static void describe(uint64_t *auxv, const struct image *program, const struct image *linker)
{
	auxv_set(auxv, AT_PHDR, program->bias + program->headers);
	auxv_set(auxv, AT_PHNUM, program->header.e_phnum);
	auxv_set(auxv, AT_ENTRY, program->bias + program->header.e_entry);
	auxv_set(auxv, AT_BASE, linker->bias);
}

static bool handler_set(void)
{
	struct signal_action action;

	/* one by one: a template for all would hold addresses to be relocated */
	action.handle = refused_call;
	action.flags = SA_SIGINFO | SA_RESTORER;
	action.restore = loader_return;
	action.mask = 0;
	return call(SYS_rt_sigaction, SIGSYS, (long) &action, 0, sizeof(action.mask), 0, 0) == 0;
}

/* Return: the address to go on at, with the stack as it was given */
uint64_t loader_main(uint64_t *stack)
{
	struct image program = { 0 }, linker = { 0 };
	uint64_t *envp = stack + 1 + stack[0] + 1;
	uint64_t *auxv = names_take(envp);

	modules.page_mask = auxv_find(auxv, AT_PAGESZ)[1] - 1;
	call(SYS_prctl, PR_SET_NAME, (long) stack[1], 0, 0, 0, 0);
	if (!image_map(&program, MODULE_FIRST + MODULE_PROGRAM) ||
		!image_map(&linker, MODULE_FIRST + MODULE_LINKER) || !program.headers ||
		!handler_set())
		for (;;)
			call(SYS_exit_group, FAILED_STATUS, 0, 0, 0, 0, 0);
	describe(auxv, &program, &linker);
	return linker.bias + linker.header.e_entry;
}
