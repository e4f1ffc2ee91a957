/*
 * Greeter: the interface of a service of our own
 *
 * This table is all there is to describe. The macros make from it the structs of each message, the
 * client's functions greeter_greet() and greeter_prefer(), and the server's struct
 * greeter_handlers. Server and client include this file and link greeter_interface.c.
 */
#ifndef GREETER_INTERFACE_H
#define GREETER_INTERFACE_H

#include <kin/interface.h>

#define GREETER_NAME_MAX 63

/* Ask for a greeting; `count` says how many this client had. Answers: KIN_INVALID: no name. */
#define GREETER_GREET_REQUEST(F) F(TEXT, name, GREETER_NAME_MAX)
#define GREETER_GREET_REPLY(F)   F(TEXT, greeting, 127) F(U32, count)

/* Use another word than "Hello" from now on. One way: nobody waits for it. */
#define GREETER_PREFER_REQUEST(F) F(TEXT, word, 31)

#define GREETER_OPERATIONS(OP) \
	OP(greeter, greet, CALL, GREETER_GREET_REQUEST, GREETER_GREET_REPLY) \
	OP(greeter, prefer, SEND, GREETER_PREFER_REQUEST, KIN_NOTHING)

KIN_INTERFACE_DECLARE(greeter, GREETER_OPERATIONS)

#endif
