/*
 * Limits
 *
 * Every bound that crosses a program's border has its name here, so that both sides, the tests and
 * the documentation mean the same number.
 */
#ifndef KIN_LIMITS_H
#define KIN_LIMITS_H

#define KIN_NAME_MAX  63  /* bytes of a component, service or module name */
#define KIN_LABEL_MAX 159 /* bytes of a session label, all elements and separators */

#define KIN_ARG_KEY_MAX    23 /* bytes of the key of a service-specific session argument */
#define KIN_ARG_VALUE_MAX  63 /* bytes of its value */
#define KIN_ARGS_EXTRA_MAX 8  /* service-specific arguments of one session */

#define KIN_PRIORITY_LIMIT     (1 << 16) /* priorities of CPU sessions are below; 0 is the highest */
#define KIN_AFFINITY_SPACE_MAX 1024      /* width and height of an affinity space */

#define KIN_THREADS_MAX 256 /* that one component can be granted, the first one included */

#define KIN_MESSAGE_MAX      4096  /* bytes of one message, header included */
#define KIN_MESSAGE_CAPS_MAX 8     /* capabilities travelling with one message */
#define KIN_CHANNEL_RAM      32768 /* bytes a channel costs its maker: all the kernel may buffer */
#define KIN_LOG_TEXT_MAX     1024  /* bytes of one LOG message */

#define KIN_NODE_TEXT_MAX       (4u << 20) /* bytes of a config or report in text form */
#define KIN_NODE_DEPTH_MAX      64         /* nodes nested in each other */
#define KIN_NODE_ATTRIBUTES_MAX 64         /* attributes of one node */
#define KIN_NODES_MAX           (1u << 18) /* nodes of one tree */

#endif
