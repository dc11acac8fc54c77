/* SPDX-License-Identifier: MIT */
/* Asks the kernel about network devices and changes them; see links.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
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

/* Master, size and state in one change. */
static int join(struct nl_sock *sk, struct rtnl_link *port, struct rtnl_link *bridge,
		unsigned int mtu)
{
	struct rtnl_link *change = rtnl_link_alloc();
	int ret;

	if (!change) {
		return -NLE_NOMEM;
	}
	rtnl_link_set_master(change, rtnl_link_get_ifindex(bridge));
	rtnl_link_set_mtu(change, mtu ? mtu : rtnl_link_get_mtu(bridge));
	rtnl_link_set_flags(change, IFF_UP);
	ret = rtnl_link_change(sk, port, change, 0);
	rtnl_link_put(change);
	return ret;
}

static int join_by_name(struct nl_sock *sk, const char *name, const char *bridge_name,
			unsigned int mtu, struct err *e)
{
	struct rtnl_link *port = NULL, *bridge = NULL;
	int ret = rtnl_link_get_kernel(sk, 0, bridge_name, &bridge);

	if (ret < 0) {
		return link_fail(e, bridge_name, "cannot be asked for", ret);
	}
	ret = rtnl_link_get_kernel(sk, 0, name, &port);
	if (ret < 0) {
		link_fail(e, name, "cannot be asked for", ret);
	} else if ((ret = join(sk, port, bridge, mtu)) < 0) {
		link_fail(e, name, "cannot be put on its bridge", ret);
	}
	if (port) {
		rtnl_link_put(port);
	}
	rtnl_link_put(bridge);
	return ret < 0 ? -1 : 0;
}

int link_join(const char *name, const char *bridge, unsigned int mtu, struct err *e)
{
	struct nl_sock *sk = nl_socket_alloc();
	int ret = sk ? nl_connect(sk, NETLINK_ROUTE) : -NLE_NOMEM;

	if (ret < 0) {
		link_fail(e, name, "cannot be reached", ret);
	} else {
		ret = join_by_name(sk, name, bridge, mtu, e);
	}
	if (sk) {
		nl_socket_free(sk);
	}
	return ret < 0 ? -1 : 0;
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
	} else if (link_join(name, bridge, mtu, e) == 0) {
		return fd;
	}
	if (fd >= 0) {
		close(fd);
	}
	return -1;
}
