/*
 * Control: what the command line asks a running tree
 *
 * Core listens on a Unix socket of type SEQPACKET in the user's runtime folder; each connection is
 * a channel. A client asks one thing at a time: who sends a second message before it has taken the
 * answer to the first is cut off, so that no answer ever queues up. Whatever is long is handed over
 * as a descriptor of a text that never changes.
 */
#ifndef WIRE_CONTROL_H
#define WIRE_CONTROL_H

#include <kin/interface.h>

/* clang-format off */
#define CONTROL_PROTOCOL_VERSION 1
#define CONTROL_CLIENTS_MAX      16   /* connections at the same time */
#define CONTROL_FILE_MAX         1023 /* bytes of the name of a config's file */
#define CONTROL_STATE_MS         2000 /* that a component has for an answer */

/*
 * Which tree this is. The first question of a client; it stays as it is in all versions of the
 * protocol, so that who speaks another one can be told. @since is in seconds of the epoch.
 */
#define CONTROL_INFO_REPLY(F) \
	F(U32, version) \
	F(TEXT, name, KIN_NAME_MAX) F(U32, pid) F(I64, since) F(U64, ram) F(U64, caps) \
		F(TEXT, file, CONTROL_FILE_MAX)

/* All components with their budgets, as XML: see core/tree.h. */
#define CONTROL_TREE_REPLY(F) F(CAP, text)

/* The directories that core's ROM service looks in, in order: paths, each ended by a NUL. */
#define CONTROL_ROMS_REPLY(F) F(CAP, text)

/*
 * The state report of the component with that label, such as "init -> inner". Answers: those of
 * PARENT_STATE_REQUEST; -ETIMEDOUT if it gave none within CONTROL_STATE_MS, -EBADMSG if what it
 * gave can't be read.
 */
#define CONTROL_STATE_REQUEST(F) F(TEXT, label, KIN_LABEL_MAX)
#define CONTROL_STATE_REPLY(F)   F(CAP, text)

/*
 * Lines of the log whose label starts with a prefix, from the number @from on as far as they are
 * kept: 0 for all. With @wait the answer comes once there is one. @next is where to go on; @lost
 * counts the lines in between, of any label, that were not kept.
 */
#define CONTROL_LOG_REQUEST(F) F(TEXT, prefix, KIN_LABEL_MAX) F(U64, from) F(U8, wait)
#define CONTROL_LOG_REPLY(F)   F(U64, next) F(U64, lost) F(CAP_OPTIONAL, text)

/*
 * Give the first init another config: a memfd that nobody can change any more, of at most
 * KIN_NODE_TEXT_MAX bytes, and the name of its file for people. Answers: -EINVAL if it is no such
 * memfd.
 */
#define CONTROL_APPLY_REQUEST(F) F(CAP, config) F(TEXT, file, CONTROL_FILE_MAX)
#define CONTROL_APPLY_REPLY(F)   F(U64, revision)

/* Wait until init has taken the config of this revision, or a younger one. */
#define CONTROL_FETCHED_REQUEST(F) F(U64, revision)

/* The config of the first init, as it was given last. */
#define CONTROL_CONFIG_REPLY(F) F(CAP, text)

#define CONTROL_OPERATIONS(OP) \
	OP(control, info, CALL, KIN_NOTHING, CONTROL_INFO_REPLY) \
	OP(control, tree, CALL, KIN_NOTHING, CONTROL_TREE_REPLY) \
	OP(control, roms, CALL, KIN_NOTHING, CONTROL_ROMS_REPLY) \
	OP(control, state, CALL, CONTROL_STATE_REQUEST, CONTROL_STATE_REPLY) \
	OP(control, log, CALL, CONTROL_LOG_REQUEST, CONTROL_LOG_REPLY) \
	OP(control, apply, CALL, CONTROL_APPLY_REQUEST, CONTROL_APPLY_REPLY) \
	OP(control, fetched, CALL, CONTROL_FETCHED_REQUEST, KIN_NOTHING) \
	OP(control, config, CALL, KIN_NOTHING, CONTROL_CONFIG_REPLY)

/* clang-format on */
KIN_INTERFACE_DECLARE(control, CONTROL_OPERATIONS)

#endif
