/*
 * A component with threads: three count primes, the first one alone uses what is kin's
 *
 * The work is handed out in pieces under a mutex, and a condition variable tells that all is done.
 * threads="4" in the start node: the first one and three more.
 */
#include <kin/kin.h>

#include <pthread.h>
#include <string.h>

#define HANDS  3
#define PIECES 40
#define PIECE  500 /* numbers of one */

struct work {
	pthread_mutex_t mutex;
	pthread_cond_t done;
	unsigned next; /* piece that nobody has taken */
	unsigned n_done, n_primes;
};

static bool is_prime(unsigned number)
{
	for (unsigned divisor = 2; divisor * divisor <= number; divisor++)
		if (number % divisor == 0)
			return false;
	return number > 1;
}

static unsigned count_primes(unsigned piece)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PIECE; i++)
		n += is_prime(piece * PIECE + i);
	return n;
}

static void *hand(void *argument)
{
	struct work *work = argument;

	pthread_mutex_lock(&work->mutex);
	while (work->next < PIECES) {
		unsigned piece = work->next++;

		pthread_mutex_unlock(&work->mutex);
		unsigned n = count_primes(piece);

		pthread_mutex_lock(&work->mutex);
		work->n_primes += n;
		if (++work->n_done == PIECES)
			pthread_cond_signal(&work->done);
	}
	pthread_mutex_unlock(&work->mutex);
	return NULL;
}

static int join(struct kin_env *env, pthread_t *hands, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		pthread_join(hands[i], NULL);
	return n == HANDS ? 0 : 1;
}

int kin_main(struct kin_env *env)
{
	struct work work = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0 };
	pthread_t hands[HANDS];
	unsigned n = 0;
	int error = 0;

	while (n < HANDS && !error) {
		error = pthread_create(&hands[n], NULL, hand, &work);
		n += !error;
	}
	if (error)
		kin_error(env, "thread %u of %d: %s", n + 1, HANDS, strerror(error));
	pthread_mutex_lock(&work.mutex);
	while (n && work.n_done < PIECES)
		pthread_cond_wait(&work.done, &work.mutex);
	pthread_mutex_unlock(&work.mutex);
	kin_log(env, "%u primes below %u, counted by %u threads", work.n_primes, PIECES * PIECE, n);
	return join(env, hands, n);
}
