/*
 * kin: everything a component includes
 *
 * A component is a function kin_main() over these headers. It has no files, no network and no other
 * processes; what it has is its environment, the sessions that its parent lets it open, and the
 * services it offers itself. Start with <kin/env.h>.
 */
#ifndef KIN_KIN_H
#define KIN_KIN_H

#include <kin/answer.h>
#include <kin/args.h>
#include <kin/config.h>
#include <kin/env.h>
#include <kin/generator.h>
#include <kin/interface.h>
#include <kin/label.h>
#include <kin/limits.h>
#include <kin/log.h>
#include <kin/module.h>
#include <kin/node.h>
#include <kin/number.h>
#include <kin/policy.h>
#include <kin/quota.h>
#include <kin/ram.h>
#include <kin/report.h>
#include <kin/reporter.h>
#include <kin/resource.h>
#include <kin/rom.h>
#include <kin/sandbox.h>
#include <kin/service.h>
#include <kin/session.h>
#include <kin/signal.h>
#include <kin/timer.h>

#endif
