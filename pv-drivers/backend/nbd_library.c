/* SPDX-License-Identifier: MIT */
/* Loads libnbd; see nbd_library.h. */
#include <dlfcn.h>
#include <stdbool.h>

#include "backend/nbd_library.h"

#define NBD_SYMBOL(name) {"nbd_" #name, (void **)&functions.name},

const struct nbd_library *nbd_library(struct complaint *c)
{
	static struct nbd_library functions;
	static bool is_loaded;
	const struct symbol {
		const char *name;
		void **place;
	} symbols[] = {NBD_FUNCTIONS(NBD_SYMBOL)};
	void *library;
	size_t i;

	if (is_loaded) {
		return &functions;
	}
	library = dlopen("libnbd.so.0", RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		complain(c, 0, "libnbd cannot be loaded (the package libnbd0): %s", dlerror());
		return NULL;
	}
	for (i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		*symbols[i].place = dlsym(library, symbols[i].name);
		if (!*symbols[i].place) {
			complain(c, 0, "libnbd lacks %s: it is too old", symbols[i].name);
			return NULL;
		}
	}
	is_loaded = true;
	return &functions;
}
