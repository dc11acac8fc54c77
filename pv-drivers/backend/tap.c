/* SPDX-License-Identifier: MIT */
/* Reads and writes a tap device; see tap.h. */
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "backend/tap.h"
#include "net/offload.h"

int tap_check(int fd, struct complaint *c)
{
	struct ifreq request = {0};
	int bytes = TAP_HEADER_BYTES;

	if (fd < 0 || ioctl(fd, TUNGETIFF, &request)) {
		return complain(c, fd < 0 ? EBADF : errno, "the network device's tap");
	}
	if ((request.ifr_flags & (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)) !=
	    (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)) {
		return complain(c, 0, "the tap is not IFF_TAP, IFF_NO_PI and IFF_VNET_HDR");
	}
	if (ioctl(fd, TUNSETVNETHDRSZ, &bytes) ||
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK)) {
		return complain(c, errno, "the tap cannot be set up");
	}
	return 0;
}

/* Without a guest the link is down, so that a bridge keeps nothing for it. */
void tap_connect(int fd, const struct tap_features *f)
{
	unsigned long offload = 0;
	int is_up = f != NULL;

	if (f && (f->csum_v4 || f->csum_v6)) {
		offload = TUN_F_CSUM | (f->gso_v4 ? TUN_F_TSO4 : 0) | (f->gso_v6 ? TUN_F_TSO6 : 0);
		offload |= f->gso_v4 || f->gso_v6 ? TUN_F_TSO_ECN : 0;
	}
	/* Kernels that know one of these less only make the sender do more. */
	(void)ioctl(fd, TUNSETOFFLOAD, offload);
	(void)ioctl(fd, TUNSETCARRIER, &is_up);
}

/* Says where the checksum is that is blank; false: the packet is not what it says to be. */
static bool header_fill(struct virtio_net_hdr *v, const struct net_packet *p, uint8_t *data)
{
	struct net_headers h;
	bool is_v6 = p->gso_type == XEN_NETIF_GSO_TYPE_TCPV6;

	if (!p->is_csum_blank && !p->gso_type) {
		return true;
	}
	if (net_headers_parse(data, p->bytes, &h)) {
		return false;
	}
	v->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	v->csum_start = h.transport;
	v->csum_offset = h.checksum - h.transport;
	v->hdr_len = h.payload;
	if (!p->gso_type) {
		return true;
	}
	if (h.is_v6 != is_v6 || h.protocol != NET_PROTOCOL_TCP) {
		return false;
	}
	if (!p->is_csum_blank) { /* which a packet that is to be cut must be; some forget to say */
		net_csum_blank(data, p->bytes, &h);
	}
	v->gso_type = is_v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	v->gso_size = p->gso_bytes;
	return true;
}

void tap_write(int fd, const struct net_packet *p, uint8_t *data)
{
	struct virtio_net_hdr v = {0};
	struct iovec parts[] = {{&v, sizeof(v)}, {data, p->bytes}};

	if (header_fill(&v, p, data)) {
		/* A link that is down or full loses packets, as any link does. */
		(void)!writev(fd, parts, 2);
	}
}

static void gso_read(const struct virtio_net_hdr *v, struct net_packet *p)
{
	switch (v->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		p->gso_type = XEN_NETIF_GSO_TYPE_TCPV4;
		break;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		p->gso_type = XEN_NETIF_GSO_TYPE_TCPV6;
		break;
	default:
		return;
	}
	p->gso_bytes = v->gso_size;
}

/* What the guest does not finish is finished here. */
static void csum_read(const struct virtio_net_hdr *v, const struct tap_features *f,
		      struct net_packet *p, uint8_t *data)
{
	struct net_headers h;
	bool is_known;

	p->is_validated = v->flags & VIRTIO_NET_HDR_F_DATA_VALID;
	if (!(v->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)) {
		return;
	}
	is_known = !net_headers_parse(data, p->bytes, &h);
	p->is_csum_blank = is_known && (h.is_v6 ? f->csum_v6 : f->csum_v4);
	if (!p->is_csum_blank) {
		(void)net_csum_fill(data, p->bytes, v->csum_start, v->csum_start + v->csum_offset);
	}
}

bool tap_read(int fd, const struct tap_features *f, struct net_packet *p, uint8_t *data)
{
	struct virtio_net_hdr v;
	ssize_t n = read(fd, data - sizeof(v), sizeof(v) + NET_PACKET_MAX + 1);

	*p = (struct net_packet){0};
	if (n < (ssize_t)sizeof(v)) {
		return false;
	}
	memcpy(&v, data - sizeof(v), sizeof(v));
	n -= sizeof(v);
	if (n >= NET_PACKET_MIN && n <= NET_PACKET_MAX) {
		p->bytes = (uint32_t)n;
		gso_read(&v, p);
		csum_read(&v, f, p, data);
	}
	return true;
}
