/* SPDX-License-Identifier: MIT */
/* Asks the kernel about network devices and changes them; see links.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/bridge.h>
#include <netlink/route/link/vlan.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "daemon/links.h"

int link_is_bridge(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%.15s/bridge", name);
	return access(path, F_OK) == 0;
}

static int link_fail(struct err *e, const char *name, const char *what, int code)
{
	err_set(e, ERR_HOST, "the network device %s %s", name, what);
	return err_why(e, "netlink: %s", nl_geterror(code));
}

/* A socket for one call; NULL with an error about the device. */
static struct nl_sock *session(const char *name, struct err *e)
{
	struct nl_sock *sk = nl_socket_alloc();
	int ret = sk ? nl_connect(sk, NETLINK_ROUTE) : -NLE_NOMEM;

	if (ret < 0) {
		link_fail(e, name, "cannot be reached", ret);
		nl_socket_free(sk);
		return NULL;
	}
	return sk;
}

/* What a device is now; NULL: it is not there, or with an error. */
static struct rtnl_link *link_get(struct nl_sock *sk, const char *name, struct err *e)
{
	struct rtnl_link *link = NULL;
	int ret = rtnl_link_get_kernel(sk, 0, name, &link);

	if (ret < 0) {
		link_fail(e, name, "cannot be asked for", ret);
		return NULL;
	}
	return link;
}

/* Asks for what a device shall be, and ends the session. */
static int change(struct nl_sock *sk, const char *name, struct rtnl_link *wanted,
		  const char *failed, struct err *e)
{
	struct rtnl_link *link = wanted ? link_get(sk, name, e) : NULL;
	int ret = link ? rtnl_link_change(sk, link, wanted, 0) : 0;

	if (!wanted) {
		err_set(e, ERR_NO_MEMORY, "out of memory");
	} else if (ret < 0) {
		link_fail(e, name, failed, ret);
	}
	ret = link && ret == 0 ? 0 : -1;
	rtnl_link_put(link);
	rtnl_link_put(wanted);
	nl_socket_free(sk);
	return ret;
}

/* A session about one device, and what another is; NULL with an error, and there is no session. */
static struct rtnl_link *session_with(const char *name, const char *other, struct nl_sock **sk,
				      struct err *e)
{
	struct rtnl_link *link;

	*sk = session(name, e);
	link = *sk ? link_get(*sk, other, e) : NULL;
	if (!link) {
		nl_socket_free(*sk);
	}
	return link;
}

/* Master, size and state in one change. */
int link_join(const char *name, const char *bridge_name, unsigned int mtu, struct err *e)
{
	struct nl_sock *sk;
	struct rtnl_link *bridge = session_with(name, bridge_name, &sk, e), *wanted;

	if (!bridge) {
		return -1;
	}
	wanted = rtnl_link_alloc();
	if (wanted) {
		rtnl_link_set_master(wanted, rtnl_link_get_ifindex(bridge));
		if (mtu != LINK_MTU_KEEP) {
			rtnl_link_set_mtu(wanted, mtu ? mtu : rtnl_link_get_mtu(bridge));
		}
		rtnl_link_set_flags(wanted, IFF_UP);
	}
	rtnl_link_put(bridge);
	return change(sk, name, wanted, "cannot be put on its bridge", e);
}

/* dom0 does not speak IPv6 there itself: the bridge does, if need be. */
static void mute(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%.15s/disable_ipv6", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) { /* otherwise the kernel has no IPv6 */
		(void)!write(fd, "1", 1);
		close(fd);
	}
}

int link_join_guest(const char *name, const char *bridge, unsigned int mtu, struct err *e)
{
	mute(name);
	return link_join(name, bridge, mtu, e);
}

int link_leave(const char *name, struct err *e)
{
	struct nl_sock *sk = session(name, e);
	struct rtnl_link *wanted = sk ? rtnl_link_alloc() : NULL;

	if (wanted) {
		rtnl_link_set_master(wanted, 0);
	}
	return sk ? change(sk, name, wanted, "cannot be taken from its bridge", e) : -1;
}

int link_set(const char *name, unsigned int mtu, const uint8_t *mac, struct err *e)
{
	struct nl_sock *sk = session(name, e);
	struct rtnl_link *wanted = sk ? rtnl_link_alloc() : NULL;
	struct nl_addr *address = mac ? nl_addr_build(AF_LLC, mac, MAC_BYTES) : NULL;

	if (wanted && mtu) {
		rtnl_link_set_mtu(wanted, mtu);
	}
	if (wanted && address) {
		rtnl_link_set_addr(wanted, address);
	}
	if (wanted) {
		rtnl_link_set_flags(wanted, IFF_UP);
	}
	nl_addr_put(address);
	return sk ? change(sk, name, wanted, "cannot be set up", e) : -1;
}

/* Makes a device and ends the session. */
static int add(struct nl_sock *sk, const char *name, struct rtnl_link *link, struct err *e)
{
	int ret = -NLE_NOMEM;

	if (link) {
		rtnl_link_set_name(link, name);
		ret = rtnl_link_add(sk, link, NLM_F_CREATE | NLM_F_EXCL);
	}
	rtnl_link_put(link);
	nl_socket_free(sk);
	return ret < 0 ? link_fail(e, name, "cannot be made", ret) : 0;
}

int bridge_add(const char *name, struct err *e)
{
	struct nl_sock *sk = session(name, e);

	return sk ? add(sk, name, rtnl_link_bridge_alloc(), e) : -1;
}

int vlan_add(const char *name, const char *carrier_name, unsigned int vlan, struct err *e)
{
	struct nl_sock *sk;
	struct rtnl_link *carrier = session_with(name, carrier_name, &sk, e), *link;

	if (!carrier) {
		return -1;
	}
	link = rtnl_link_vlan_alloc();
	if (link) {
		rtnl_link_set_link(link, rtnl_link_get_ifindex(carrier));
		rtnl_link_vlan_set_id(link, vlan);
	}
	rtnl_link_put(carrier);
	return add(sk, name, link, e);
}

int link_delete(const char *name, struct err *e)
{
	struct nl_sock *sk = session(name, e);
	struct rtnl_link *link = sk ? link_get(sk, name, e) : NULL;
	int ret = link ? rtnl_link_delete(sk, link) : -1;

	if (link && ret < 0) {
		link_fail(e, name, "cannot be removed", ret);
	}
	rtnl_link_put(link);
	nl_socket_free(sk);
	return ret < 0 ? -1 : 0;
}

/* The address as netlink has it; NULL: no memory. */
static struct rtnl_addr *address_build(int ifindex, const struct ipv4 *a)
{
	uint32_t local = htonl(a->address), all = htonl(a->address | ~ipv4_mask(a->prefix));
	struct nl_addr *own = nl_addr_build(AF_INET, &local, sizeof(local));
	struct nl_addr *broadcast = nl_addr_build(AF_INET, &all, sizeof(all));
	struct rtnl_addr *out = own && broadcast ? rtnl_addr_alloc() : NULL;

	if (out) {
		nl_addr_set_prefixlen(own, a->prefix);
		rtnl_addr_set_ifindex(out, ifindex);
		rtnl_addr_set_local(out, own);
		rtnl_addr_set_broadcast(out, broadcast);
	}
	nl_addr_put(own);
	nl_addr_put(broadcast);
	return out;
}

int link_address(const char *name, const struct ipv4 *a, int is_added, struct err *e)
{
	struct nl_sock *sk = session(name, e);
	struct rtnl_link *link = sk ? link_get(sk, name, e) : NULL;
	struct rtnl_addr *address = NULL;
	int ret = link ? -NLE_NOMEM : 0;

	if (link && (address = address_build(rtnl_link_get_ifindex(link), a))) {
		ret = is_added ? rtnl_addr_add(sk, address, NLM_F_REPLACE)
			       : rtnl_addr_delete(sk, address, 0);
	}
	if (ret < 0 && (is_added || ret != -NLE_NOADDR)) {
		link_fail(e, name, "does not take its address", ret);
	} else {
		ret = 0;
	}
	ret = link && ret == 0 ? 0 : -1;
	rtnl_addr_put(address);
	rtnl_link_put(link);
	nl_socket_free(sk);
	return ret;
}

/* True if dom0 uses the device itself. */
static int has_ipv4(struct nl_sock *sk, int ifindex)
{
	struct nl_cache *all = NULL;
	struct nl_object *o;
	int found = 0;

	if (rtnl_addr_alloc_cache(sk, &all) < 0) {
		return 0;
	}
	for (o = nl_cache_get_first(all); o; o = nl_cache_get_next(o)) {
		struct rtnl_addr *a = (struct rtnl_addr *)o;

		found |= rtnl_addr_get_ifindex(a) == ifindex && rtnl_addr_get_family(a) == AF_INET;
	}
	nl_cache_free(all);
	return found;
}

int link_ask(const char *name, struct link_facts *facts)
{
	struct err e ERR_CLEANUP = {0};
	struct nl_sock *sk = session(name, &e);
	struct rtnl_link *link = sk ? link_get(sk, name, &e) : NULL;
	struct nl_addr *mac = link ? rtnl_link_get_addr(link) : NULL;

	*facts = (struct link_facts){0};
	if (link) {
		facts->mtu = rtnl_link_get_mtu(link);
		facts->is_loopback = !!(rtnl_link_get_flags(link) & IFF_LOOPBACK);
		if_indextoname(rtnl_link_get_master(link), facts->master);
		facts->has_ipv4 = has_ipv4(sk, rtnl_link_get_ifindex(link));
		if (mac && nl_addr_get_len(mac) == MAC_BYTES) {
			memcpy(facts->mac, nl_addr_get_binary_addr(mac), MAC_BYTES);
		}
	}
	rtnl_link_put(link);
	nl_socket_free(sk);
	return link ? 0 : -1;
}

/*
 * The address of Linux's own ends of guests' networks, too: a bridge takes the lowest of its ports'
 * for its own, and this is the highest. With one by chance, as a new tap has, the bridge's would
 * change with each new process, and guests would send to the old one until they ask again.
 */
static int tap_address(int fd)
{
	struct ifreq request;

	if (ioctl(fd, TUNGETIFF, &request)) {
		return -1;
	}
	request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memset(request.ifr_hwaddr.sa_data, 0xff, ETH_ALEN);
	request.ifr_hwaddr.sa_data[0] = (char)0xfe;
	return ioctl(fd, SIOCSIFHWADDR, &request);
}

int link_tap(const char *name, const char *bridge, unsigned int mtu, struct err *e)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) || tap_address(fd)) {
		err_set(e, ERR_HOST, "the guest gets no network device %s", name);
		err_errno(e, errno, fd < 0 ? "open /dev/net/tun" : "TUNSETIFF");
		err_fix(e, "load the module tun (modprobe tun)");
	} else if (link_join_guest(name, bridge, mtu, e) == 0) {
		return fd;
	}
	if (fd >= 0) {
		close(fd);
	}
	return -1;
}
