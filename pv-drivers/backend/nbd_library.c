/* SPDX-License-Identifier: MIT */
/* Loads libnbd; see nbd_library.h. */
#include <dlfcn.h>
#include <stdbool.h>

#include "backend/nbd_library.h"

#define NBD_SYMBOL(name) {"nbd_" #name, (void **)&functions.name},

static struct nbd_library functions;
static bool is_loaded;

int nbd_library_load(struct complaint *c)
{
	const struct symbol {
		const char *name;
		void **place;
	} symbols[] = {NBD_FUNCTIONS(NBD_SYMBOL)};
	void *library = dlopen("libnbd.so.0", RTLD_NOW | RTLD_LOCAL);
	size_t i;

	if (!library) {
		return complain(c, 0, "install the package libnbd0: %s", dlerror());
	}
	for (i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		*symbols[i].place = dlsym(library, symbols[i].name);
		if (!*symbols[i].place) {
			return complain(c, 0, "libnbd lacks %s: it is too old", symbols[i].name);
		}
	}
	is_loaded = true;
	return 0;
}

const struct nbd_library *nbd_library(void)
{
	return is_loaded ? &functions : NULL;
}
