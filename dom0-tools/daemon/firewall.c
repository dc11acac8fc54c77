/* SPDX-License-Identifier: MIT */
/* Speaks to nftables by its library, and to the switch of forwarding; see firewall.h. */
#include <errno.h>
#include <fcntl.h>
#include <nftables/libnftables.h>
#include <string.h>
#include <unistd.h>

#include "daemon/firewall.h"

#define FORWARDING_PATH "/proc/sys/net/ipv4/ip_forward"

/* The first line tells what is wrong; those that follow draw arrows. */
static int refused(struct nft_ctx *nft, struct err *e)
{
	const char *why = nft_ctx_get_error_buffer(nft);

	err_set(e, ERR_HOST, "dom0's firewall does not take the rules for its networks");
	err_why(e, "nftables: %.*s", (int)strcspn(why ? why : "", "\n"), why ? why : "");
	return err_fix(e, "dom0's kernel needs nf_tables with NAT (CONFIG_NFT_MASQ)");
}

int firewall_run(const char *commands, struct err *e)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	int ret;

	if (!nft || nft_ctx_buffer_error(nft) || nft_ctx_buffer_output(nft)) {
		ret = err_set(e, ERR_NO_MEMORY, "out of memory");
	} else {
		ret = nft_run_cmd_from_buffer(nft, commands) ? refused(nft, e) : 0;
	}
	if (nft) {
		nft_ctx_free(nft);
	}
	return ret;
}

int forwarding_get(void)
{
	int fd = open(FORWARDING_PATH, O_RDONLY | O_CLOEXEC);
	char c = '0';

	if (fd >= 0) {
		if (read(fd, &c, 1) != 1) {
			c = '0';
		}
		close(fd);
	}
	return c != '0';
}

int forwarding_set(int is_on, struct err *e)
{
	int fd = open(FORWARDING_PATH, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0 || write(fd, is_on ? "1" : "0", 1) != 1) {
		err_set(e, ERR_HOST, "dom0 cannot be made to forward packets");
		ret = err_errno(e, errno, FORWARDING_PATH);
	}
	if (fd >= 0) {
		close(fd);
	}
	return ret;
}
