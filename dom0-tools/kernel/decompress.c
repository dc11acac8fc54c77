/* SPDX-License-Identifier: MIT */
/*
 * Decompresses a bzImage's payload. Linux's build appends the unpacked size as 32 bits to every
 * format (gzip has it there by itself), so one buffer of the right size is allocated up front.
 * Invariant: exactly that many bytes come out, or it is an error. No lock; no state.
 */
#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "unpack.h"

#define LZ4_LEGACY_BLOCK_BYTES (8u << 20)
#define XZ_MEMORY_LIMIT_BYTES  (256u << 20)

static uint32_t le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int unpack_xz(struct span in, uint8_t *out, size_t out_bytes)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret ret;

	if (lzma_stream_decoder(&s, XZ_MEMORY_LIMIT_BYTES, 0) != LZMA_OK) {
		return -1;
	}
	s.next_in = in.data;
	s.avail_in = in.bytes;
	s.next_out = out;
	s.avail_out = out_bytes;
	ret = lzma_code(&s, LZMA_FINISH);
	lzma_end(&s);
	return ret == LZMA_STREAM_END && s.avail_out == 0 ? 0 : -1;
}

static int unpack_gzip(struct span in, uint8_t *out, size_t out_bytes)
{
	z_stream s = {0};
	int ret;

	if (inflateInit2(&s, 15 + 16) != Z_OK) {
		return -1;
	}
	s.next_in = (Bytef *)in.data;
	s.avail_in = in.bytes;
	s.next_out = out;
	s.avail_out = out_bytes;
	ret = inflate(&s, Z_FINISH);
	inflateEnd(&s);
	return ret == Z_STREAM_END && s.avail_out == 0 ? 0 : -1;
}

static int unpack_zstd(struct span in, uint8_t *out, size_t out_bytes)
{
	size_t frame = ZSTD_findFrameCompressedSize(in.data, in.bytes);

	if (ZSTD_isError(frame)) {
		return -1;
	}
	return ZSTD_decompress(out, out_bytes, in.data, frame) == out_bytes ? 0 : -1;
}

/* The legacy frame: a magic number, then blocks of {u32 packed size, data}, each 8 MiB unpacked. */
static int unpack_lz4(struct span in, uint8_t *out, size_t out_bytes)
{
	size_t at = 4, done = 0, room, packed;
	int n;

	while (done < out_bytes) {
		if (in.bytes - at < 4) {
			return -1;
		}
		packed = le32(in.data + at);
		at += 4;
		if (packed > in.bytes - at || packed > LZ4_COMPRESSBOUND(LZ4_LEGACY_BLOCK_BYTES)) {
			return -1;
		}
		room = out_bytes - done;
		if (room > LZ4_LEGACY_BLOCK_BYTES) {
			room = LZ4_LEGACY_BLOCK_BYTES;
		}
		n = LZ4_decompress_safe((const char *)in.data + at, (char *)out + done, packed,
					room);
		if (n <= 0) {
			return -1;
		}
		at += packed;
		done += n;
	}
	return at == in.bytes ? 0 : -1;
}

static const struct codec {
	const char *magic;
	size_t magic_bytes;
	int (*unpack)(struct span in, uint8_t *out, size_t out_bytes);
	int has_size_inside; /* the last four bytes belong to the stream itself */
	const char *damaged;
} codecs[] = {
	{"\xfd\x37zXZ\x00", 6, unpack_xz, 0, "its XZ payload is damaged"},
	{"\x02\x21\x4c\x18", 4, unpack_lz4, 0, "its LZ4 payload is damaged"},
	{"\x1f\x8b", 2, unpack_gzip, 1, "its gzip payload is damaged"},
	{"\x28\xb5\x2f\xfd", 4, unpack_zstd, 0, "its Zstandard payload is damaged"},
};

static const struct codec *codec_find(struct span in)
{
	size_t i;

	for (i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		if (in.bytes > codecs[i].magic_bytes + 4 &&
		    memcmp(in.data, codecs[i].magic, codecs[i].magic_bytes) == 0) {
			return &codecs[i];
		}
	}
	return NULL;
}

int unpack_payload(struct span payload, uint8_t **out, size_t *out_bytes, const char **why)
{
	const struct codec *codec = codec_find(payload);
	uint32_t bytes;

	if (!codec) {
		*why = "its payload is in none of the formats XZ, LZ4, gzip and Zstandard";
		return -1;
	}
	bytes = le32(payload.data + payload.bytes - 4);
	if (bytes == 0 || bytes > UNPACK_LIMIT_BYTES) {
		*why = "the unpacked size it gives is not believable";
		return -1;
	}
	*out = malloc(bytes);
	if (!*out) {
		*why = "there is not enough memory to unpack it";
		return -1;
	}
	if (!codec->has_size_inside) {
		payload.bytes -= 4;
	}
	if (codec->unpack(payload, *out, bytes)) {
		free(*out);
		*out = NULL;
		*why = codec->damaged;
		return -1;
	}
	*out_bytes = bytes;
	return 0;
}
