/* SPDX-License-Identifier: MIT */
/* A list of mapped files with a count of their users; see image.h. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/image.h"
#include "daemon/loop.h"

#define KEEP_MS 10000

struct mapped {
	struct image image; /* first: users have a pointer to it */
	struct mapped *next;
	struct stat file;
	unsigned int users;
	uint64_t used_ms; /* when it was wanted last */
};

static struct {
	pthread_mutex_t lock; /* guards the list and all in it but the images */
	struct mapped *first;
} images = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static int same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       same_time(a->st_mtim, b->st_mtim) && same_time(a->st_ctim, b->st_ctim);
}

static struct mapped *find(const struct stat *file)
{
	struct mapped *m = images.first;

	while (m && !same_file(&m->file, file)) {
		m = m->next;
	}
	return m;
}

static struct mapped *map(int fd, const struct stat *file)
{
	struct mapped *m = calloc(1, sizeof(*m));
	void *data;

	if (!m) {
		return NULL;
	}
	data = mmap(NULL, file->st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED) {
		free(m);
		return NULL;
	}
	m->image = (struct image){.data = data, .bytes = file->st_size};
	m->file = *file;
	m->next = images.first;
	images.first = m;
	return m;
}

static struct mapped *get(int fd)
{
	struct stat file;
	struct mapped *m;

	if (fstat(fd, &file)) {
		return NULL;
	}
	if (!S_ISREG(file.st_mode) || file.st_size == 0) {
		errno = 0;
		return NULL;
	}
	pthread_mutex_lock(&images.lock);
	m = find(&file);
	if (!m) {
		m = map(fd, &file);
	}
	if (m) {
		m->users++;
		m->used_ms = loop_now_ms();
	}
	pthread_mutex_unlock(&images.lock);
	return m;
}

const struct image *image_get(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), errnum;
	struct mapped *m;

	if (fd < 0) {
		return NULL;
	}
	m = get(fd);
	errnum = errno;
	close(fd);
	errno = errnum;
	return m ? &m->image : NULL;
}

void image_put(const struct image *image)
{
	struct mapped *m = (struct mapped *)image;

	if (m) {
		pthread_mutex_lock(&images.lock);
		m->users--;
		pthread_mutex_unlock(&images.lock);
	}
}

unsigned int image_expire(void)
{
	struct mapped **at = &images.first;
	uint64_t now = loop_now_ms();
	unsigned int again_ms;

	pthread_mutex_lock(&images.lock);
	while (*at) {
		struct mapped *m = *at;

		if (m->users || m->used_ms + KEEP_MS > now) {
			at = &m->next;
			continue;
		}
		*at = m->next;
		munmap((void *)m->image.data, m->image.bytes);
		free(m);
	}
	again_ms = images.first ? KEEP_MS : 0;
	pthread_mutex_unlock(&images.lock);
	return again_ms;
}
