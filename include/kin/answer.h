/*
 * Answers
 *
 * What a request can be told besides success (0) and failure of the machinery (negative errno).
 * An answer belongs to the direct caller, who knows what to do about it.
 */
#ifndef KIN_ANSWER_H
#define KIN_ANSWER_H

enum kin_answer {
	KIN_OK = 0,
	KIN_PENDING,          /* not decided yet, a signal follows */
	KIN_DENIED,           /* no route, no policy, or the server said no */
	KIN_INSUFFICIENT_RAM, /* the donation is too small for the server */
	KIN_INSUFFICIENT_CAPS,
	KIN_OUT_OF_RAM, /* the account that had to pay is empty */
	KIN_OUT_OF_CAPS,
	KIN_CLOSED,          /* the session is gone at the server */
	KIN_EXCEEDED,        /* a transfer asked for more than its payer has available */
	KIN_INVALID,         /* a transfer between unrelated accounts, an unknown ID */
	KIN_MISSING,         /* something must be handed over first */
	KIN_DEFERRED = 1000, /* only from handlers: the reply is sent later by kin_reply() */
};

/**
 * kin_answer_text() - name of an answer for messages, e.g. "out of RAM"
 *
 * Return: a constant string; for negative values strerror's text.
 */
const char *kin_answer_text(int answer);

#endif
