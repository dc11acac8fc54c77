/* SPDX-License-Identifier: MIT */
/* A queue to the workers and one back; an eventfd wakes the event loop. See worker.h. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "daemon/worker.h"

struct queue {
	struct job *head, **tail;
};

static struct {
	pthread_mutex_t lock; /* guards the queues */
	pthread_cond_t more;
	struct queue todo, done;
	struct loop_source wake;
	struct hyper hyper[WORKER_THREADS];
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static void queue_put(struct queue *q, struct job *job)
{
	job->next = NULL;
	*q->tail = job;
	q->tail = &job->next;
}

static struct job *queue_get(struct queue *q)
{
	struct job *job = q->head;

	if (job) {
		q->head = job->next;
		if (!q->head) {
			q->tail = &q->head;
		}
	}
	return job;
}

static void *worker_main(void *arg)
{
	struct hyper *h = arg;
	uint64_t one = 1;
	struct job *job;

	for (;;) {
		pthread_mutex_lock(&pool.lock);
		while (!(job = queue_get(&pool.todo))) {
			pthread_cond_wait(&pool.more, &pool.lock);
		}
		pthread_mutex_unlock(&pool.lock);
		job->run(job, h);
		pthread_mutex_lock(&pool.lock);
		queue_put(&pool.done, job);
		pthread_mutex_unlock(&pool.lock);
		/* Fails only if the counter is full, and then the loop is woken anyway. */
		if (write(pool.wake.fd, &one, sizeof(one)) < 0) {
			continue;
		}
	}
	return NULL;
}

static void done_ready(struct loop_source *s, uint32_t events)
{
	uint64_t count;
	struct job *job;

	(void)events;
	if (read(s->fd, &count, sizeof(count)) < 0) {
		return;
	}
	for (;;) {
		pthread_mutex_lock(&pool.lock);
		job = queue_get(&pool.done);
		pthread_mutex_unlock(&pool.lock);
		if (!job) {
			return;
		}
		job->done(job);
	}
}

/* Signals are the event loop's business. */
int worker_thread(void *(*run)(void *arg), void *arg)
{
	pthread_t thread;
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret == 0) {
		pthread_detach(thread);
	}
	return ret;
}

int worker_init(struct err *e)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), i, ret;

	pool.todo.tail = &pool.todo.head;
	pool.done.tail = &pool.done.head;
	if (fd < 0 || loop_add(&pool.wake, fd, EPOLLIN, done_ready)) {
		err_set(e, ERR_HOST, "the workers cannot be woken");
		return err_errno(e, errno, "eventfd");
	}
	for (i = 0; i < WORKER_THREADS; i++) {
		if (hyper_open(&pool.hyper[i], e)) {
			return -1;
		}
		ret = worker_thread(worker_main, &pool.hyper[i]);
		if (ret) {
			err_set(e, ERR_HOST, "a worker cannot be started");
			return err_errno(e, ret, "pthread_create");
		}
	}
	return 0;
}

void worker_submit(struct job *job)
{
	pthread_mutex_lock(&pool.lock);
	queue_put(&pool.todo, job);
	pthread_cond_signal(&pool.more);
	pthread_mutex_unlock(&pool.lock);
}
