/*
 * Recall: a dry run takes the place of a tree that runs
 */
#ifndef ENGINE_RECALL_H
#define ENGINE_RECALL_H

struct dryrun;
struct kin_node;

/**
 * recall() - have the children of a dry run be in the state that a report tells
 * @dryrun: with the config applied that is in force there
 * @report: top node of a state report with all details
 *
 * Ends those that have ended, stops those that wait, gives each the quota that it has, opens the
 * sessions that they opened and uses what they use. What makes no sense is left out.
 */
void recall(struct dryrun *dryrun, const struct kin_node *report);

#endif
