/*
 * The command kin, as a program: what it says where, how it ends, and what it hands to kin-core.
 * The latter is a script here, which shows what it got. KIN names the program to test.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <kin/limits.h>

#include "cli/runtime.h"
#include "ipc/descriptors.h"

#define DEADLINE_S 60
#define OUTPUT_MAX 65536

#define GOOD \
	"<config><parent-provides><service name=\"PD\"/><service name=\"CPU\"/>" \
	"<service name=\"LOG\"/><service name=\"ROM\"/></parent-provides>" \
	"<start name=\"hello\" ram=\"1M\" caps=\"50\"><route><any-service><parent/>" \
	"</any-service></route></start></config>"

/* A private folder with kin as if it was installed there. */
struct fixture {
	char folder[64];
	char kin[128], core[128], good[128];
	char *out, *err; /* of the last run */
	int status;
};

static void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void copy_program(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	struct stat st;

	assert_true(in >= 0 && out >= 0 && fstat(in, &st) == 0);
	for (off_t at = 0; at < st.st_size;)
		assert_true(sendfile(out, in, &at, (size_t) (st.st_size - at)) > 0);
	close(in);
	close(out);
}

static int open_fixture(void **state)
{
	static const char *const folders[] = { "bin", "libexec", "libexec/kin", "rom" };
	struct fixture *f = calloc(1, sizeof(*f));
	const char *kin = getenv("KIN");
	char path[128];

	if (!kin)
		fail_msg("KIN must name the program to test");
	alarm(DEADLINE_S);
	strcpy(f->folder, "/tmp/kin-cli-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->folder, folders[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	snprintf(f->kin, sizeof(f->kin), "%s/bin/kin", f->folder);
	snprintf(f->core, sizeof(f->core), "%s/libexec/kin/kin-core", f->folder);
	snprintf(f->good, sizeof(f->good), "%s/good.xml", f->folder);
	snprintf(path, sizeof(path), "%s/rom/hello", f->folder);
	copy_program(kin, f->kin);
	write_file(f->good, GOOD, 0600);
	write_file(path, "", 0600);
	assert_int_equal(chdir(f->folder) | setenv("XDG_RUNTIME_DIR", f->folder, 1), 0);
	*state = f;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *f = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", f->folder);
	assert_int_equal(chdir("/") | system(command), 0);
	free(f->out);
	free(f->err);
	free(f);
	return 0;
}

static char *slurp(int fd)
{
	char *text = calloc(1, OUTPUT_MAX);

	lseek(fd, 0, SEEK_SET);
	assert_true(read(fd, text, OUTPUT_MAX - 1) >= 0);
	close(fd);
	return text;
}

static int scratch(void)
{
	int fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

/* Runs kin with words, up to a NULL, and a text as standard input. */
static void run(struct fixture *f, const char *input, const char *const *words)
{
	const char *argv[32] = { f->kin };
	int in = scratch(), out = scratch(), err = scratch();

	for (size_t i = 0; words[i]; i++)
		argv[i + 1] = words[i];
	assert_int_equal(write(in, input, strlen(input)), strlen(input));
	lseek(in, 0, SEEK_SET);
	pid_t pid = fork();

	if (pid == 0) {
		dup2(in, 0);
		dup2(out, 1);
		dup2(err, 2);
		/* something inherited that must not reach core */
		dup2(err, 7);
		dup2(err, 40);
		execv(f->kin, (char **) argv);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &f->status, 0), pid);
	assert_true(WIFEXITED(f->status));
	f->status = WEXITSTATUS(f->status);
	free(f->out);
	free(f->err);
	f->out = slurp(out);
	f->err = slurp(err);
	close(in);
}

#define RUN(f, ...)              run(f, "", (const char *const[]){ __VA_ARGS__, NULL })
#define RUN_INPUT(f, input, ...) run(f, input, (const char *const[]){ __VA_ARGS__, NULL })

static void assert_starts_with(const char *text, const char *start)
{
	if (strncmp(text, start, strlen(start)) != 0)
		fail_msg("\"%s\" does not start with \"%s\"", text, start);
}

static void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" does not contain \"%s\"", text, part);
}

/* One sentence on standard error and nothing else. */
static void assert_refused(const struct fixture *f, int status, const char *sentence)
{
	assert_string_equal(f->out, "");
	assert_string_equal(f->err, sentence);
	assert_int_equal(f->status, status);
}

static void help_and_version_go_to_standard_output(void **state)
{
	struct fixture *f = *state;

	RUN(f, "--version");
	assert_string_equal(f->out, "kin " KIN_VERSION "\n");
	RUN(f, "--help");
	assert_starts_with(f->out, "usage: kin COMMAND");
	RUN(f, "help");
	assert_starts_with(f->out, "usage: kin COMMAND");
	RUN(f, "help", "run");
	assert_starts_with(f->out, "usage: kin run [OPTION]... FILE\n");
	RUN(f, "check", "x", "--help");
	assert_starts_with(f->out, "usage: kin check [OPTION]... FILE\n");
	assert_int_equal(f->status, 0);
	assert_string_equal(f->err, "");
}

static void a_wrong_command_line_is_127_and_one_sentence_with_a_hint(void **state)
{
	struct fixture *f = *state;

	run(f, "", (const char *const[]){ NULL });
	assert_refused(f, 127, "kin: a command is missing; see 'kin --help'\n");
	RUN(f, "fly");
	assert_refused(f, 127, "kin: unknown command 'fly'; see 'kin --help'\n");
	RUN(f, "--fly");
	assert_refused(f, 127, "kin: unknown option '--fly'; see 'kin --help'\n");
	RUN(f, "help", "fly");
	assert_refused(f, 127, "kin: unknown command 'fly'; see 'kin --help'\n");
	RUN(f, "check");
	assert_refused(f, 127,
		"kin check: FILE is missing ('-' means standard input); see 'kin help check'\n");
	RUN(f, "check", "a", "b");
	assert_refused(f, 127,
		"kin check: only one FILE is taken, not 'b' as well; see 'kin help check'\n");
	RUN(f, "run", "--fly", "a");
	assert_refused(f, 127, "kin run: unknown option '--fly'; see 'kin help run'\n");
	RUN(f, "check", "--for", "1s", "a");
	assert_refused(f, 127, "kin check: unknown option '--for'; see 'kin help check'\n");
	RUN(f, "run", "-x", "a");
	assert_refused(f, 127, "kin run: unknown option '-x'; see 'kin help run'\n");
	RUN(f, "run", "a", "--ram");
	assert_refused(f, 127, "kin run: option '--ram' needs a value; see 'kin help run'\n");
}

static void wrong_values_of_options_are_127(void **state)
{
	struct fixture *f = *state;

	RUN(f, "run", "--ram", "4X", "a");
	assert_refused(f, 127,
		"kin run: --ram takes an amount above 0 such as 64 or 4M, not '4X'; see 'kin help "
		"run'\n");
	RUN(f, "run", "--caps=0", "a");
	assert_refused(f, 127,
		"kin run: --caps takes an amount above 0 such as 64 or 4M, not '0'; see 'kin help "
		"run'\n");
	RUN(f, "run", "--for", "-1s", "a");
	assert_refused(f, 127,
		"kin run: --for takes a duration above 0 such as 500ms, 3s or 2m, not '-1s'; see "
		"'kin help run'\n");
	RUN(f, "run", "--rom", "absent", "a");
	assert_refused(
		f, 127, "kin run: --rom absent: No such file or directory; see 'kin help run'\n");
	RUN(f, "run", "--rom", "good.xml", "a");
	assert_refused(f, 127, "kin run: --rom good.xml: Not a directory; see 'kin help run'\n");
	RUN(f, "check", "--rom", ".", "--rom", ".", "--rom", ".", "--rom", ".", "--rom", ".",
		"--rom", ".", "--rom", ".", "--rom", ".", "--rom", ".", "a");
	assert_refused(f, 127,
		"kin check: at most 8 ROM directories can be given; see 'kin help check'\n");
	RUN(f, "check", "--rom", ".", "--rom", ".", "--rom", ".", "--rom", ".", "--rom", ".",
		"--rom", ".", "--rom", ".", "--rom", ".", "a");
	assert_refused(f, 127, "kin: more than 8 ROM directories, kin's own included\n");
}

static void check_tells_by_its_status_whether_there_are_errors(void **state)
{
	struct fixture *f = *state;

	RUN(f, "check", "--rom", "rom", "good.xml");
	assert_string_equal(f->out, "");
	assert_int_equal(f->status, 0);
	RUN(f, "check", "good.xml");
	assert_string_equal(f->out,
		"good.xml:1:127: error: hello: binary \"hello\" unavailable, it is in no ROM "
		"directory\n");
	assert_int_equal(f->status, 1);
	RUN(f, "check", "--rom", "rom", "--ram", "900K", "good.xml");
	assert_string_equal(f->out,
		"good.xml:1:147: warning: hello: configured RAM exceeds available RAM, proceed "
		"with 464K (560K too little)\n");
	assert_int_equal(f->status, 0);
	RUN_INPUT(f, "<config>", "check", "-");
	assert_string_equal(f->out, "<stdin>:1:9: error: <config> of line 1 is not closed\n");
	assert_int_equal(f->status, 1);
	assert_string_equal(f->err, "");
}

static void a_module_is_a_regular_file_of_the_first_directory_that_has_the_name(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdir("links", 0700) | symlink("../rom/hello", "links/hello"), 0);
	RUN(f, "check", "--rom", "rom", "--rom", "links", "good.xml");
	assert_int_equal(f->status, 0);
	RUN(f, "check", "--rom", "links", "--rom", "rom", "good.xml");
	assert_int_equal(f->status, 1);
	assert_contains(f->out, "binary \"hello\" unavailable");
}

static void a_config_that_cannot_be_used_is_126(void **state)
{
	static char large[KIN_NODE_TEXT_MAX + 2];
	struct fixture *f = *state;

	RUN(f, "run", "absent.xml");
	assert_refused(f, 126, "kin: can't read config 'absent.xml': No such file or directory\n");
	RUN(f, "check", "rom");
	assert_refused(f, 126, "kin: can't read config 'rom': Is a directory\n");
	RUN(f, "run", "--quiet", "-");
	assert_refused(f, 126, "<stdin>:1:1: error: text is empty\n");
	RUN_INPUT(f, "<config></confi>", "run", "-");
	assert_refused(f, 126, "<stdin>:1:11: error: <config> of line 1 is not closed\n");
	memset(large, ' ', sizeof(large) - 1);
	memcpy(large, "<config/>", 9);
	RUN_INPUT(f, large, "run", "-");
	assert_refused(f, 126,
		"<stdin>:1:4194305: error: text is longer than KIN_NODE_TEXT_MAX (4 MiB)\n");
}

static void convert_prints_the_other_syntax(void **state)
{
	static const char xml[] =
		"<config>\n\t<start name=\"x\" ram=\"1M\">a|b</start>\n</config>\n";
	static const char lines[] = "config\n+ start x | ram: 1M\n  : a|b\n-\n";
	struct fixture *f = *state;

	RUN_INPUT(f, xml, "convert", "-");
	assert_string_equal(f->out, lines);
	RUN_INPUT(f, lines, "convert", "-");
	assert_string_equal(f->out, xml);
	RUN_INPUT(f, ". lost\nconfig\nx lost\n+ start name: x\n        ram: 1M\n  : a|b\n-\n",
		"convert", "--to", "lines", "-");
	assert_string_equal(f->out, lines);
	RUN_INPUT(f, xml, "convert", "-", "--to=xml");
	assert_string_equal(f->out, xml);
	RUN(f, "convert", "good.xml");
	assert_starts_with(f->out, "config\n+ parent-provides\n  + service PD\n");
	assert_int_equal(f->status, 0);
	assert_string_equal(f->err, "");
}

static void what_convert_can_not_print_is_named_and_nothing_is_printed(void **state)
{
	struct fixture *f = *state;

	RUN_INPUT(f,
		"<config>\n <Start x='a|b' Y='1'/><y z=' '>a&#13;b<z z='a&#10;'/></y></config>",
		"convert", "-");
	assert_refused(f, 1,
		"<stdin>:2:2: error: <Start> can't be a type in lines\n"
		"<stdin>:2:9: error: value of 'x' can't be written in lines, it has a '|'\n"
		"<stdin>:2:17: error: attribute 'Y' can't be a tag in lines\n"
		"<stdin>:2:24: error: text of <y> can't be written in lines, it has a carriage "
		"return\n"
		"<stdin>:2:27: error: value of 'z' can't be written in lines, it starts or ends "
		"with a blank\n"
		"<stdin>:2:43: error: value of 'z' can't be written in lines, it has more than one "
		"line\n");
	RUN_INPUT(f, "<config x='a|b' Y='1'/>", "convert", "--to", "xml", "-");
	assert_string_equal(f->out, "<config x=\"a|b\" Y=\"1\"/>\n");
	RUN_INPUT(f, "config\n+ a | b\n-", "convert", "-");
	assert_refused(f, 126,
		"<stdin>:2:7: error: expected '+ type', 'x type', 'tag: value', ': text', '. "
		"comment' or '-', found 'b'\n");
	RUN(f, "convert", "absent");
	assert_refused(f, 126, "kin: can't read config 'absent': No such file or directory\n");
	RUN(f, "convert", "--to", "json", "good.xml");
	assert_refused(f, 127,
		"kin convert: --to takes xml or lines, not 'json'; see 'kin help convert'\n");
	RUN(f, "convert", "--ram", "1M", "good.xml");
	assert_refused(f, 127, "kin convert: unknown option '--ram'; see 'kin help convert'\n");
}

/* XML escapes what lines need not */
static void what_convert_makes_too_long_is_refused(void **state)
{
	static char large[KIN_NODE_TEXT_MAX];
	struct fixture *f = *state;
	char *at = large + sprintf(large, "config | a: &");

	memset(at, '&', sizeof(large) - 64);
	strcpy(at + sizeof(large) - 64, "\n-\n");
	RUN_INPUT(f, large, "convert", "-");
	assert_refused(f, 1,
		"kin: the other syntax makes the config longer than KIN_NODE_TEXT_MAX (4 MiB)\n");
}

static void lines_are_checked_and_run_like_xml(void **state)
{
	struct fixture *f = *state;

	RUN_INPUT(f, "config\n+ strat | a|b\n-\n", "check", "-");
	assert_string_equal(f->out,
		"<stdin>:2:12: error: '|' separates segments and needs a blank on both sides, no "
		"value can have one\n");
	assert_int_equal(f->status, 1);
	RUN_INPUT(f, "config\n+ strat\n-\n", "check", "-");
	assert_string_equal(f->out, "<stdin>:2:1: error: unknown config element type <strat>\n");
	RUN_INPUT(f, "config\n+ strat\n", "run", "-");
	assert_refused(f, 126,
		"<stdin>:3:1: error: <config> of line 1 is not ended, a line with '-' is "
		"missing\n");
}

static void a_missing_core_is_127(void **state)
{
	struct fixture *f = *state;
	char sentence[256];

	unlink(f->core);
	snprintf(sentence, sizeof(sentence), "kin: can't start %s: No such file or directory\n",
		f->core);
	RUN(f, "run", "--rom", "rom", "good.xml");
	assert_refused(f, 127, sentence);
}

/* Prints its words, its descriptors, the config and whether that can be written to; ends with 42.
 */
static const char fake_core[] =
	"#!/bin/sh\n"
	"echo \"$@\"\n"
	"for fd in /proc/$$/fd/*; do\n"
	"	case $(readlink $fd) in *memfd*) config=$fd; echo \"config is ${fd##*/}\";; esac\n"
	"	case ${fd##*/} in 7|40) echo \"inherited $fd\";; esac\n"
	"done\n"
	"cat $config\n"
	"(echo x >>$config) 2>/dev/null && echo writable\n"
	"exit 42\n";

static void run_becomes_core_with_a_sealed_config_and_nothing_else_open(void **state)
{
	struct fixture *f = *state;
	char words[1024];

	write_file(f->core, fake_core, 0755);
	RUN(f, "run", "--ram", "8M", "--caps", "500", "--rom", "rom", "--for", "2s", "--verbose",
		"good.xml");
	assert_string_equal(f->err, "");
	snprintf(words, sizeof(words),
		"--ram 8388608 --caps 500 --rom rom --rom %s/libexec/kin --config-fd 32 "
		"--control-fd 33 --control-folder-fd 34 --name good --file %s/good.xml --for-ms "
		"2000 --verbose\nconfig is 32\n" GOOD,
		f->folder, f->folder);
	assert_string_equal(f->out, words);
	assert_int_equal(f->status, 42);
	unlink(f->core);
}

static void run_names_the_tree_by_its_file_unless_told_otherwise(void **state)
{
	struct fixture *f = *state;

	write_file(f->core, fake_core, 0755);
	/* What the one before left behind is dead and in nobody's way. */
	RUN(f, "run", "--rom", "rom", "good.xml");
	RUN(f, "run", "--rom", "rom", "good.xml");
	assert_contains(f->out, " --name good --file ");
	RUN(f, "run", "--rom", "rom", "--name", "better", "good.xml");
	assert_contains(f->out, " --name better --file ");
	RUN_INPUT(f, GOOD, "run", "--rom", "rom", "-");
	assert_contains(f->out, " --name stdin --file <stdin>");
	RUN(f, "run", "--rom", "rom", "--no-control", "good.xml");
	assert_null(strstr(f->out, "--control-fd"));
	assert_string_equal(f->err, "");
	unlink(f->core);
}

static void run_without_a_place_for_its_socket_starts_the_tree_all_the_same(void **state)
{
	struct fixture *f = *state;

	write_file(f->core, fake_core, 0755);
	assert_int_equal(chmod("kin", 0755), 0);
	RUN(f, "run", "--rom", "rom", "good.xml");
	assert_contains(f->err, "/kin: is open to others, its mode must be 0700\n");
	assert_null(strstr(f->out, "--control-fd"));
	assert_int_equal(f->status, 42);
	assert_int_equal(chmod("kin", 0700), 0);
	unlink(f->core);
}

static void a_name_that_is_taken_and_a_watch_of_nothing_are_127(void **state)
{
	struct fixture *f = *state;
	struct runtime_socket socket;
	int folder;

	assert_int_equal(runtime_open(true, &folder), 0);
	assert_int_equal(runtime_claim(folder, "mine", true, &socket), 0);
	RUN(f, "run", "--rom", "rom", "--name", "mine", "good.xml");
	assert_refused(f, 127, "kin: a tree 'mine' runs already\n");
	runtime_release(&socket);
	RUN(f, "run", "--name", "a/b", "good.xml");
	assert_refused(f, 127, "kin run: --name takes a name, not 'a/b'; see 'kin help run'\n");
	RUN(f, "run", "--name", ".b", "good.xml");
	assert_refused(f, 127, "kin run: --name takes a name, not '.b'; see 'kin help run'\n");
	RUN(f, "run", "--watch", "-");
	assert_refused(f, 127,
		"kin run: --watch can't be combined with standard input; see 'kin help run'\n");
	RUN(f, "run", "--watch", "--no-control", "good.xml");
	assert_refused(f, 127,
		"kin run: --watch can't be combined with --no-control; see 'kin help run'\n");
}

static void without_a_tree_there_is_nothing_to_work_on(void **state)
{
	static const char *const commands[] = { "tree", "status", "log" };
	struct fixture *f = *state;

	RUN(f, "list");
	assert_string_equal(f->out, "");
	assert_string_equal(f->err, "");
	assert_int_equal(f->status, 0);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		RUN(f, commands[i]);
		assert_refused(f, 125, "kin: no tree runs\n");
		RUN(f, commands[i], "--tree", "mine");
		assert_refused(f, 125, "kin: no tree 'mine' runs\n");
	}
	RUN(f, "apply", "good.xml");
	assert_refused(f, 125, "kin: no tree runs\n");
	RUN(f, "tree", "x");
	assert_refused(f, 127, "kin tree: no argument is taken, not 'x'; see 'kin help tree'\n");
	RUN(f, "status", "init", "inner");
	assert_refused(f, 127,
		"kin status: only one label is taken, not 'inner' as well; quote it because of its "
		"blanks; see 'kin help status'\n");
	RUN(f, "apply", "--timeout", "0", "good.xml");
	assert_refused(f, 127,
		"kin apply: --timeout takes a duration above 0 such as 500ms, 3s or 2m, not '0'; "
		"see 'kin help apply'\n");
}

static void of_several_trees_one_must_be_chosen(void **state)
{
	struct fixture *f = *state;
	struct runtime_socket sockets[2];
	int folder;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(runtime_open(true, &folder), 0);
		assert_int_equal(runtime_claim(folder, "tour", false, &sockets[i]), 0);
	}
	RUN(f, "status");
	assert_refused(f, 127, "kin: several trees run, choose one by --tree: tour, tour-2\n");
	RUN(f, "status", "--tree", "tour-3");
	assert_refused(f, 125, "kin: no tree 'tour-3' runs, but: tour, tour-2\n");
	for (int i = 0; i < 2; i++)
		runtime_release(&sockets[i]);
}

/* As many as core may have descriptors for, if those are few */
static const char *default_caps(void)
{
	static char text[48];
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	uint64_t caps = descriptors_caps_max(limit.rlim_max);

	snprintf(text, sizeof(text), " --caps %" PRIu64 " ", caps < 10000 ? caps : 10000);
	return text;
}

static void run_starts_the_tree_whatever_the_check_says(void **state)
{
	static const char config[] = "<config><strat/></config>";
	struct fixture *f = *state;

	write_file(f->core, fake_core, 0755);
	RUN_INPUT(f, config, "run", "-");
	assert_string_equal(f->err, "<stdin>:1:9: error: unknown config element type <strat>\n");
	assert_contains(f->out, config);
	assert_contains(f->out, default_caps());
	assert_int_equal(f->status, 42);
	RUN_INPUT(f, config, "run", "--quiet", "-");
	assert_string_equal(f->err, "");
	assert_contains(f->out, " --quiet\n");
	assert_int_equal(f->status, 42);
	unlink(f->core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(help_and_version_go_to_standard_output),
		cmocka_unit_test(a_wrong_command_line_is_127_and_one_sentence_with_a_hint),
		cmocka_unit_test(wrong_values_of_options_are_127),
		cmocka_unit_test(check_tells_by_its_status_whether_there_are_errors),
		cmocka_unit_test(
			a_module_is_a_regular_file_of_the_first_directory_that_has_the_name),
		cmocka_unit_test(a_config_that_cannot_be_used_is_126),
		cmocka_unit_test(convert_prints_the_other_syntax),
		cmocka_unit_test(what_convert_can_not_print_is_named_and_nothing_is_printed),
		cmocka_unit_test(what_convert_makes_too_long_is_refused),
		cmocka_unit_test(lines_are_checked_and_run_like_xml),
		cmocka_unit_test(a_missing_core_is_127),
		cmocka_unit_test(run_becomes_core_with_a_sealed_config_and_nothing_else_open),
		cmocka_unit_test(run_names_the_tree_by_its_file_unless_told_otherwise),
		cmocka_unit_test(run_without_a_place_for_its_socket_starts_the_tree_all_the_same),
		cmocka_unit_test(a_name_that_is_taken_and_a_watch_of_nothing_are_127),
		cmocka_unit_test(without_a_tree_there_is_nothing_to_work_on),
		cmocka_unit_test(of_several_trees_one_must_be_chosen),
		cmocka_unit_test(run_starts_the_tree_whatever_the_check_says),
	};

	return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
