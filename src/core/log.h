/*
 * LOG service: lines of text with the writer's label in front
 *
 * Writers share core's output. While that is stalled their messages stay in their own channels, so
 * that a slow reader holds up those who write and nobody else.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include "core/session.h"

struct log_session {
	struct core_session session;
	bool paused;
	struct log_session *prev, *next; /* of the paused ones */
};

/** log_resume() - serve all paused writers again */
void log_resume(struct core_services *services);

#endif
