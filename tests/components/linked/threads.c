/* linked: its threads; see linked.h */
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "linked.h"

#include <kin/log.h>

#define THREADS_TRIED 8
#define COUNTS        10000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool begun;
static unsigned count;
static __thread unsigned own_count;

static void *count_up(void *argument)
{
	pthread_mutex_lock(&mutex);
	while (!begun)
		pthread_cond_wait(&changed, &mutex);
	pthread_mutex_unlock(&mutex);
	while (own_count++ < COUNTS) {
		pthread_mutex_lock(&mutex);
		count++;
		pthread_mutex_unlock(&mutex);
	}
	return argument;
}

int count_by_threads(struct kin_env *env)
{
	pthread_t threads[THREADS_TRIED];
	unsigned n = 0;
	int error = 0;

	while (n < THREADS_TRIED && !(error = pthread_create(&threads[n], NULL, count_up, NULL)))
		n++;
	kin_log(env, "threads: %u beside the first, %s", n, strerror(error));
	pthread_mutex_lock(&mutex);
	begun = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	kin_log(env, "threads: counted to %u", count);
	return 0;
}
