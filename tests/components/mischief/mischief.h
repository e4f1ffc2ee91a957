/*
 * mischief: what its parts share
 *
 * A deed gets the component's config for its particulars. What it returns is the exit value; most
 * say in the log what came of it and then stay, since living on is what they have to show.
 */
#ifndef MISCHIEF_H
#define MISCHIEF_H

#include <kin/kin.h>

typedef int deed(struct kin_env *env, const struct kin_node *config);

/* Ways to end; see ending.c */
deed crash, abort_loudly, recurse, exit_silently, exit_with_value, leave_parent, spin;

/* Ways to take too much; see hoarding.c */
deed hoard_memory, hoard_descriptors, hoard_sessions, beg;

/* Ways to talk; see talking.c */
deed talk_garbage, ask_deafly, flood_log;

/* Ways to serve and to be served; see serving.c */
deed announce_oddly, deliver_oddly, serve_once, be_patient, lend, borrow;

/* Ways to lie about one's state; see lying.c */
deed lie_about_state;

#endif
