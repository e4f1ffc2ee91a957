/*
 * Policies: which node of a config is meant for a label
 *
 * A server's config tells what to do for whom:
 *
 *     <policy label="shell -> log" …/>       this label
 *     <policy label_prefix="shell" …/>       labels that start so
 *     <policy label_suffix=" -> log" …/>     labels that end so
 *     <default-policy …/>                    all others
 *
 * `label` beats `label_prefix` beats `label_suffix`; a longer prefix or suffix beats a shorter one.
 * A policy with several of them must match in all; one with none matches nothing. Of two that are
 * equally good the first counts.
 */
#ifndef KIN_POLICY_H
#define KIN_POLICY_H

struct kin_node;

/**
 * kin_policy_find() - the policy among the sub nodes of @config that fits @label best
 *
 * Return: a <policy> or <default-policy> node, borrowed from the tree; NULL if none fits.
 */
const struct kin_node *kin_policy_find(const struct kin_node *config, const char *label);

#endif
