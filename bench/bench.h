/*
 * Topics: what is measured, one file each
 *
 * A topic appends figures. It measures each beside its floor, a bit of this, a bit of that, so that
 * both see the same machine, whatever else runs on it.
 */
#ifndef BENCH_H
#define BENCH_H

struct figures;

void calls_measure(struct figures *figures);
void starts_measure(struct figures *figures);
void memory_measure(struct figures *figures);
void count_measure(struct figures *figures);
void walls_measure(struct figures *figures);
void changes_measure(struct figures *figures);

#endif
