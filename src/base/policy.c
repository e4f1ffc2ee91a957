/*
 * Policies, implementation
 *
 * A policy's score is one number, larger is better: what is compared first takes the upper digits,
 * and a condition that is present counts one more than its length, so that an empty prefix still
 * beats none.
 */
#include <kin/label.h>
#include <kin/node.h>
#include <kin/policy.h>

#include <stdint.h>
#include <string.h>

#define SCORE_SUFFIX  ((uint64_t) 1)
#define SCORE_PREFIX  (SCORE_SUFFIX * (KIN_LABEL_MAX + 2))
#define SCORE_LABEL   (SCORE_PREFIX * (KIN_LABEL_MAX + 2))
#define SCORE_DEFAULT ((uint64_t) 1)
#define SCORE_NONE    ((uint64_t) 0)

static bool prefix_matches(const char *label, const char *prefix)
{
	return strncmp(label, prefix, strlen(prefix)) == 0;
}

static bool suffix_matches(const char *label, const char *suffix)
{
	size_t n = strlen(label), m = strlen(suffix);

	return n >= m && strcmp(label + n - m, suffix) == 0;
}

/* A condition that matches is never longer than the label, so no score spills into the next digit.
 */
static uint64_t policy_score(const struct kin_node *policy, const char *label)
{
	const char *exact = kin_node_attribute(policy, "label");
	const char *prefix = kin_node_attribute(policy, "label_prefix");
	const char *suffix = kin_node_attribute(policy, "label_suffix");
	uint64_t score = SCORE_NONE;

	if ((exact && strcmp(label, exact) != 0) || (prefix && !prefix_matches(label, prefix)) ||
		(suffix && !suffix_matches(label, suffix)))
		return SCORE_NONE;
	if (exact)
		score += SCORE_LABEL;
	if (prefix)
		score += SCORE_PREFIX * (strlen(prefix) + 1);
	if (suffix)
		score += SCORE_SUFFIX * (strlen(suffix) + 1);
	return score ? score + SCORE_DEFAULT : SCORE_NONE;
}

const struct kin_node *kin_policy_find(const struct kin_node *config, const char *label)
{
	const struct kin_node *best = kin_node_first_of(config, "default-policy");
	uint64_t best_score = best ? SCORE_DEFAULT : SCORE_NONE;

	KIN_NODE_FOREACH (policy, config, "policy") {
		uint64_t score = policy_score(policy, label);

		if (score > best_score) {
			best = policy;
			best_score = score;
		}
	}
	return best;
}
