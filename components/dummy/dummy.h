/*
 * dummy: what its parts share
 */
#ifndef DUMMY_H
#define DUMMY_H

#include <kin/interface/log.h>
#include <kin/kin.h>

/* Resources held for nothing; see consume.c */
struct consumption {
	struct kin_env *env;
	struct kin_ram ram;
	uint64_t ram_bytes; /* as asked for; the dataspace is whole pages */
	struct kin_signal *caps;
	uint64_t n_caps;
};

void ram_consume(struct consumption *consumption, uint64_t bytes);
void ram_release(struct consumption *consumption);
void caps_consume(struct consumption *consumption, uint64_t n);
void caps_release(struct consumption *consumption);

/* A LOG server that prints what it is told; see log_service.c */
struct log_service {
	struct kin_env *env;
	struct kin_service service;
	bool announced;
	bool verbose;
	uint64_t delay_close_ms;
};

void log_service_start(struct log_service *service, const struct kin_node *node);

#endif
