/* The commands of kin, one row each; see cli.h. */
#include "cli/cli.h"
#include "cli/options.h"

/* clang-format off */
#define TREE_OPTION    { "tree", required_argument, NULL, OPTIONS_TREE }
#define QUIET_OPTION   { "quiet", no_argument, NULL, OPTIONS_BE_QUIET }
#define WATCH_OPTION   { "watch", no_argument, NULL, OPTIONS_WATCH }
#define CGROUP_OPTION  { "cgroup", required_argument, NULL, OPTIONS_CGROUP }
#define HELP_OPTION    { "help", no_argument, NULL, OPTIONS_HELP }
#define BUDGET_OPTIONS \
	{ "ram", required_argument, NULL, OPTIONS_RAM }, \
	{ "caps", required_argument, NULL, OPTIONS_CAPABILITIES }, \
	{ "rom", required_argument, NULL, OPTIONS_ROM }
/* clang-format on */

static const struct option run_options[] = {
	BUDGET_OPTIONS,
	{ "for", required_argument, NULL, OPTIONS_FOR },
	{ "name", required_argument, NULL, OPTIONS_NAME },
	{ "no-control", no_argument, NULL, OPTIONS_NO_CONTROL },
	WATCH_OPTION,
	{ "strict", no_argument, NULL, OPTIONS_STRICT },
	CGROUP_OPTION,
	{ "uid-range", required_argument, NULL, OPTIONS_UID_RANGE },
	{ "nice", required_argument, NULL, OPTIONS_NICE },
	QUIET_OPTION,
	{ "verbose", no_argument, NULL, OPTIONS_BE_VERBOSE },
	HELP_OPTION,
	{ 0 },
};

static const struct option check_options[] = { BUDGET_OPTIONS, HELP_OPTION, { 0 } };
static const struct option convert_options[] = {
	{ "to", required_argument, NULL, OPTIONS_TO },
	HELP_OPTION,
	{ 0 },
};

static const struct option list_options[] = { HELP_OPTION, { 0 } };

static const struct option tree_options[] = {
	TREE_OPTION,
	{ "sessions", no_argument, NULL, OPTIONS_SESSIONS },
	{ "walls", no_argument, NULL, OPTIONS_WALLS },
	WATCH_OPTION,
	HELP_OPTION,
	{ 0 },
};

static const struct option doctor_options[] = { CGROUP_OPTION, HELP_OPTION, { 0 } };

static const struct option status_options[] = { TREE_OPTION, HELP_OPTION, { 0 } };

static const struct option log_options[] = {
	TREE_OPTION,
	{ "follow", no_argument, NULL, OPTIONS_FOLLOW },
	HELP_OPTION,
	{ 0 },
};

static const struct option plan_options[] = {
	TREE_OPTION,
	BUDGET_OPTIONS,
	{ "from", required_argument, NULL, OPTIONS_FROM },
	QUIET_OPTION,
	HELP_OPTION,
	{ 0 },
};

static const struct option apply_options[] = {
	TREE_OPTION,
	{ "timeout", required_argument, NULL, OPTIONS_TIMEOUT },
	QUIET_OPTION,
	HELP_OPTION,
	{ 0 },
};

#define HELP_BUDGET \
	"  --ram N         memory of the whole tree, such as 512M\n" \
	"                  (default: half of the machine's, at most 1G)\n" \
	"  --caps N        capabilities of the whole tree (default: 10000, or as many\n" \
	"                  as core may have descriptors for)\n" \
	"  --rom DIR       look for binaries and other ROM modules in DIR, before\n" \
	"                  kin's own; up to 8 directories, searched in this order\n"
#define HELP_TREE \
	"  --tree NAME     which tree, of those that 'kin list' shows; needed only\n" \
	"                  if several run\n"
#define HELP_CGROUP \
	"  --cgroup DIR    make control groups in DIR, a folder of a cgroup v2 hierarchy\n" \
	"                  (default: kin's own group, if it was left to it alone)\n"
#define HELP_TREE_STATUS \
	"125 if there is no such tree or it does not answer,\n127 if the command line is wrong.\n"

/* clang-format off */
const struct cli_command cli_commands[] = {
	{ "run", "start a tree and stay until it ends",
		"usage: kin run [OPTION]... FILE\n\n"
		"Starts the tree that the config in FILE ('-': standard input) describes, and\n"
		"stays until the first init exits or SIGINT, SIGTERM or SIGHUP ends the tree.\n"
		"What 'kin check' would report is printed first; the tree runs all the same.\n\n"
		HELP_BUDGET
		"  --for DURATION  end the tree after that time, such as 500ms, 3s or 2m\n"
		"  --name NAME     what other commands know the tree by (default: FILE's name\n"
		"                  without its ending, with a number if a tree has it already)\n"
		"  --no-control    let no other command work on the tree\n"
		"  --watch         apply FILE again whenever it changes\n"
		"  --strict        don't start without a wall that 'kin doctor' shows as expected\n"
		HELP_CGROUP
		"  --uid-range A-B give each component a user ID of its own from that range; takes\n"
		"                  CAP_SETUID, CAP_SETGID and CAP_SYS_RESOURCE\n"
		"  --nice N        run core and the highest priority at that nice value; at -4 or\n"
		"                  lower each of four levels leaves nine tenths to those above;\n"
		"                  below the present one it takes CAP_SYS_NICE or LimitNICE=\n"
		"  --quiet         print nothing about the config, less of core's messages\n"
		"  --verbose       print the tree with its budgets at the end\n\n"
		"Exit status: the first init's if it exits, 0 after an orderly end, 125 if the\n"
		"tree failed, 126 if the config can't be read or is not well-formed, 127 if the\n"
		"command line is wrong, the name is taken or a program of kin's is missing.\n",
		CLI_FILE, run_options, NULL, run_command, NULL },
	{ "check", "say what is wrong with a config",
		"usage: kin check [OPTION]... FILE\n\n"
		"Prints each problem of the config in FILE ('-': standard input) as\n"
		"FILE:LINE:COLUMN: severity: text. An error is something that init will ignore,\n"
		"refuse or can't make work, a warning something that may not be meant.\n\n"
		HELP_BUDGET
		"\nExit status: 0 if there are no errors, 1 if there are, 125 if the check itself\n"
		"failed, 126 if FILE can't be read, 127 if the command line is wrong.\n",
		CLI_FILE, check_options, NULL, check_command, NULL },
	{ "convert", "write a config in the other syntax",
		"usage: kin convert [OPTION]... FILE\n\n"
		"Prints the config in FILE ('-': standard input) as XML if it is in lines, and in\n"
		"lines if it is XML. Nodes, attributes and text stay the same. Comments, disabled\n"
		"nodes and the layout are lost. What the other syntax can't hold is reported as\n"
		"FILE:LINE:COLUMN: error: text, and nothing is printed then.\n\n"
		"  --to SYNTAX     xml or lines, whichever FILE is in\n\n"
		"Exit status: 0 if it was printed, 1 if it can't be, 125 for lack of memory, 126\n"
		"if FILE can't be read or is not well-formed, 127 if the command line is wrong.\n",
		CLI_FILE, convert_options, NULL, convert_command, NULL },
	{ "list", "show the trees that run",
		"usage: kin list\n\n"
		"Prints a line for each tree of this user that runs: its name, the process ID of\n"
		"its core, since when it runs, and the file of its config.\n\n"
		"Exit status: 0, also if none runs; 125 if they can't be looked for, 127 if the\n"
		"command line is wrong.\n",
		CLI_NO_ARGUMENT, list_options, NULL, list_command, NULL },
	{ "tree", "show the components of a running tree",
		"usage: kin tree [OPTION]...\n\n"
		"Prints all components below their parents, with what they have of memory and\n"
		"capabilities, what of it is used, and their states.\n\n"
		HELP_TREE
		"  --sessions      show the sessions that each component uses and provides\n"
		"  --walls         show what holds the memory, the capabilities, the CPU time and\n"
		"                  the reach of each component\n"
		"  --watch         go on and print it again when it has changed\n\n"
		"Exit status: 0, with --watch once the tree ends; " HELP_TREE_STATUS,
		CLI_NO_ARGUMENT, tree_options, NULL, tree_command, NULL },
	{ "status", "print the state report of an init",
		"usage: kin status [OPTION]... [LABEL]\n\n"
		"Prints, as XML, the state of the component with that label, such as\n"
		"'init -> inner': an init or another one with children (default: the first init).\n\n"
		HELP_TREE
		"\nExit status: 0; 1 if the component has no state to report or did not answer\n"
		"within 2 seconds; " HELP_TREE_STATUS,
		CLI_LABEL, status_options, NULL, status_command, NULL },
	{ "log", "print the last lines of a tree's log",
		"usage: kin log [OPTION]... [LABEL-PREFIX]\n\n"
		"Prints the last lines, up to 256K of them, that components whose label starts\n"
		"with LABEL-PREFIX have written (default: all).\n\n"
		HELP_TREE
		"  -f, --follow    go on and print what comes, until the tree ends\n\n"
		"Exit status: 0; " HELP_TREE_STATUS,
		CLI_LABEL, log_options, ":f", log_command, NULL },
	{ "apply", "give a running tree another config",
		"usage: kin apply [OPTION]... FILE\n\n"
		"Gives the config in FILE ('-': standard input) to the first init of a running\n"
		"tree, and waits until all that changes has settled. What 'kin check' would report\n"
		"is printed first. What has not settled in time, or can't work, is said at the end;\n"
		"init goes on with it all the same.\n\n"
		HELP_TREE
		"  --timeout TIME  how long to wait (default: 10s)\n"
		"  --quiet         print nothing about a config that can be used\n\n"
		"Exit status: 0 once it has settled and all of it works, 1 if it has not settled in\n"
		"time or a part can't work, 125 if there is no such tree or it does not answer, 126\n"
		"if the config can't be read or is not well-formed (then nothing changes), 127 if\n"
		"the command line is wrong.\n",
		CLI_FILE, apply_options, NULL, apply_command, NULL },
	{ "plan", "say what kin apply would do",
		"usage: kin plan [OPTION]... FILE\n\n"
		"Tells, without touching anything, what applying the config in FILE ('-': standard\n"
		"input) to a running tree would change, a line for each child of the first init:\n"
		"start, stop, restart (and why), stuck (a route of its leads nowhere), fail (it\n"
		"can't be started), config (its own changes in place), quota; and what init would\n"
		"warn of. The same engine that init runs finds it out in a dry run.\n\n"
		"  --tree NAME     the tree, if several run\n"
		"  --from FILE     start from the config in that file instead of a running tree\n"
		HELP_BUDGET
		"  --quiet         print nothing about the config itself\n\n"
		"Exit status: 0, whatever would change; 1 if the tree can't tell its state, 125 if\n"
		"there is no tree, 126 if FILE can't be read or is not well-formed, 127 if the\n"
		"command line is wrong.\n",
		CLI_FILE, plan_options, NULL, plan_command, NULL },
	{ "why", "say why a component is as it is",
		"usage: kin why [OPTION]... LABEL\n\n"
		"Tells of the component of that label, such as 'init -> shell', whether it runs,\n"
		"what it waits for or asks for, which of its sessions are not there (yet), and the\n"
		"last events of its life with their reasons: requests denied, failed starts,\n"
		"restarts, ends.\n\n"
		"  --tree NAME     the tree, if several run\n\n"
		"Exit status: 0; 1 if there is no such component, 125 if there is no tree, 127 if\n"
		"the command line is wrong.\n",
		CLI_LABEL, status_options, NULL, why_command, NULL },
	{ "doctor", "say which walls stand on this machine",
		"usage: kin doctor [OPTION]...\n\n"
		"Tries each mechanism that holds components, and prints whether it works here,\n"
		"what it is for, what is weaker without it, and how to get it.\n\n"
		HELP_CGROUP
		"\nExit status: 0, or 1 if one does not work that is expected; 125 if nothing could\n"
		"start here, 127 if the command line is wrong or a program of kin's is missing.\n",
		CLI_NO_ARGUMENT, doctor_options, NULL, doctor_command, NULL },
	{ "help", "explain a command", "usage: kin help [COMMAND]\n",
		CLI_NO_ARGUMENT, NULL, NULL, NULL, help_command },
};
/* clang-format on */

const size_t cli_n_commands = sizeof(cli_commands) / sizeof(cli_commands[0]);
