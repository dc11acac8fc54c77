/* SPDX-License-Identifier: MIT */
/* What domus-backend's network device stands on, in a test; see pv_net_backend.h. */
#include "unit.h"

#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The tap's own calls, which a socket does not know. */
static unsigned long tap_offload;
static int tap_is_up;

static int fake_ioctl(int fd, unsigned long call, ...)
{
	void *arg;
	va_list ap;

	(void)fd;
	va_start(ap, call);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (call == TUNGETIFF) {
		((struct ifreq *)arg)->ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	} else if (call == TUNSETOFFLOAD) {
		tap_offload = (unsigned long)arg;
	} else if (call == TUNSETCARRIER) {
		tap_is_up = *(int *)arg;
	}
	return 0;
}

#define ioctl fake_ioctl
#include "pv-drivers/backend/tap.c"
#undef ioctl
#include "pv-drivers/backend/net.h"
#include "pv-drivers/backend/own_pages.h"
#include "pv_net_backend.h"
#include "pv_platform.h"

static struct device device;
static const char *abuse;
static struct loop_settler *settler;
static struct loop_event *waits[8]; /* that were queued, by what completes them */
static bool is_again;

/* --- What the device calls --- */

int store_read_number(const char *folder, const char *node, uint64_t max, uint64_t *value)
{
	char path[256];
	const char *text;

	snprintf(path, sizeof(path), "%s/%s", folder, node);
	text = fake_store_get(path);
	if (!text) {
		return -ENOENT;
	}
	*value = strtoul(text, NULL, 10);
	return *value <= max ? 0 : -EINVAL;
}

uint64_t store_number_or(const char *folder, const char *node, uint64_t max, uint64_t other)
{
	uint64_t value;

	return store_read_number(folder, node, max, &value) ? other : value;
}

int store_write(const char *folder, const char *node, const char *fmt, ...)
{
	char path[256], value[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), "%s/%s", folder, node);
	fake_store_set(path, "%s", value);
	return 0;
}

static struct port *ports[16]; /* by the front end's number */

int port_bind(struct port *p, uint32_t remote, void (*fired)(struct port *p))
{
	if (!remote || remote >= 16 || ports[remote]) {
		return -EINVAL;
	}
	p->local = (int)remote;
	p->fired = fired;
	ports[remote] = p;
	return 0;
}

void port_unbind(struct port *p)
{
	ports[p->local] = NULL;
	p->local = 0;
}

void port_notify(const struct port *p)
{
	fake_port_event((evtchn_port_t)p->local);
}

void *grants_map(const uint32_t *grefs, uint32_t count)
{
	assert_int_equal(count, 1);
	errno = EINVAL;
	return fake_grant_page(grefs[0], true);
}

void grants_unmap(void *pages, uint32_t count)
{
	assert_non_null(pages);
	assert_int_equal(count, 1);
}

void grant_copy_set(xengnttab_grant_copy_segment_t *s, bool to_guest, uint32_t gref,
		    uint16_t offset, void *own, uint16_t bytes)
{
	assert_true((uintptr_t)own % 4096 + bytes <= 4096);
	s->flags = to_guest;
	s->source.foreign.ref = gref;
	s->source.foreign.offset = offset;
	s->dest.virt = own;
	s->len = bytes;
	s->status = -1;
}

uint8_t *own_pages_get(void)
{
	static uint8_t *pages;

	pages = pages ? pages : aligned_alloc(4096, OWN_PAGES * 4096);
	return pages;
}

int grants_copy(xengnttab_grant_copy_segment_t *segments, uint32_t count)
{
	for (xengnttab_grant_copy_segment_t *s = segments; s < segments + count; s++) {
		unsigned char *page = fake_grant_page(s->source.foreign.ref, s->flags);

		assert_true(s->source.foreign.offset + s->len <= 4096);
		if (page && s->flags) {
			memcpy(page + s->source.foreign.offset, s->dest.virt, s->len);
		} else if (page) {
			memcpy(s->dest.virt, page + s->source.foreign.offset, s->len);
		}
		s->status = page ? 0 : -1;
	}
	return 0;
}

struct io_uring_sqe *loop_sqe(struct loop_event *e)
{
	static struct io_uring_sqe sqe;

	for (int i = 0; i < 8; i++) {
		if (!waits[i]) {
			waits[i] = e;
			return &sqe;
		}
	}
	fail_msg("too many waits");
	return NULL;
}

void loop_settler_add(struct loop_settler *s, void (*settle)(struct loop_settler *s))
{
	s->settle = settle;
	settler = s;
}

void loop_again(void)
{
	is_again = true;
}

void device_abused(struct device *d, const char *text)
{
	assert_ptr_equal(d, &device);
	abuse = text;
}

/* --- The test's side --- */

int backend_start(const char *folder, const char *front, uint64_t rate_bytes)
{
	struct backend_request request = {.rate_bytes = rate_bytes};
	int fds[DEVICE_FDS] = {-1, -1}, pair[2];
	struct complaint c = {""};

	if (!settler) {
		net_init();
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	fds[0] = pair[0];
	abuse = NULL;
	device = (struct device){.type = &net_device};
	snprintf(device.folder, sizeof(device.folder), "%s", folder);
	snprintf(device.front, sizeof(device.front), "%s", front);
	assert_int_equal(net_device.attach(&device, &request, fds, &c), 0);
	assert_int_equal(fds[0], -1);
	net_device.announce(&device);
	return pair[1];
}

int backend_connect(void)
{
	struct complaint c = {""};

	return net_device.connect(&device, false, &c);
}

void backend_disconnect(void)
{
	net_device.disconnect(&device);
	backend_run();
	assert_false(net_device.is_busy(&device));
	for (int i = 0; i < 16; i++) {
		assert_null(ports[i]);
	}
	assert_false(tap_is_up);
}

void backend_stop(void)
{
	net_device.release(&device);
}

const char *backend_abuse(void)
{
	return abuse;
}

unsigned long backend_offload(void)
{
	return tap_offload;
}

/* Completes what was waited for, true or not, and lets the device work until it is done. */
void backend_run(void)
{
	for (int i = 0; i < 8; i++) {
		struct loop_event *e = waits[i];

		waits[i] = NULL;
		if (e) {
			e->done(e, 0);
		}
	}
	for (uint32_t i = 0; i < 16; i++) {
		if (ports[i] && fake_port_notified(i)) {
			ports[i]->fired(ports[i]);
		}
	}
	do {
		is_again = false;
		settler->settle(settler);
	} while (is_again && !abuse);
}
