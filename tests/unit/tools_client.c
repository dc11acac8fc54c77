/* SPDX-License-Identifier: MIT */
/* The client's side: HTTP answers in pieces of any size, and what is printed from them. */
#include "unit.h"

#include "lib/cells.h"
#include "lib/http_parse.h"
#include "lib/output.h"

/* Feeds text in pieces; returns the bytes that were taken. */
static size_t feed(struct http_parse *p, const char *text, size_t piece)
{
	size_t len = strlen(text), at = 0, n, used;

	memset(p, 0, sizeof(*p));
	while (at < len) {
		n = len - at < piece ? len - at : piece;
		used = http_parse(p, text + at, n);
		at += used;
		if (used < n) {
			return at;
		}
	}
	return at;
}

static void check_answer(const char *text, int status, const char *body, const char *rest)
{
	struct http_parse p;
	size_t piece, taken;

	for (piece = 1; piece <= strlen(text); piece++) {
		taken = feed(&p, text, piece);
		http_parse_end(&p);
		assert_int_equal(p.state, HTTP_DONE);
		assert_int_equal(p.status, status);
		assert_string_equal(p.body ? p.body : "", body);
		assert_string_equal(text + taken, rest);
		http_parse_free(&p);
	}
}

static void whole_answers(void **state)
{
	(void)state;
	check_answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", "");
	check_answer("HTTP/1.1 404 Not Found\r\ncontent-length:2\r\nX: y\r\n\r\n{}more", 404, "{}",
		     "more");
	check_answer("HTTP/1.1 204 No Content\r\n\r\n", 204, "", "");
	check_answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", "");
	check_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "4\r\nWiki\r\nA;ext=1\r\npedia in c\r\n0\r\nTrailer: x\r\n\r\nz",
		     200, "Wikipedia in c", "z");
	check_answer("HTTP/1.1 101 Switching\r\nUpgrade: domus-console\r\n\r\nlogin: ", 101, "",
		     "login: ");
	check_answer("HTTP/1.0 200 OK\r\n\r\nall until the end", 200, "all until the end", "");
}

static void check_bad(const char *text)
{
	struct http_parse p;

	feed(&p, text, 7);
	http_parse_end(&p);
	assert_int_equal(p.state, HTTP_BAD);
	http_parse_free(&p);
}

static void bad_answers(void **state)
{
	char *endless = malloc(3 * HTTP_HEAD_LIMIT);

	(void)state;
	check_bad("");
	check_bad("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell");
	check_bad("HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello");
	check_bad("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nhello");
	check_bad("SSH-2.0-OpenSSH\r\n\r\n");
	check_bad("HTTP/1.1 7\r\n\r\n");
	check_bad("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
	check_bad("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWikiX\r\n");
	check_bad("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffff\r\n");
	check_bad("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "00000000000000000000000000000000000001\r\n");
	memset(endless, 'a', 3 * HTTP_HEAD_LIMIT - 1);
	endless[3 * HTTP_HEAD_LIMIT - 1] = '\0';
	check_bad(endless);
	free(endless);
}

static char *printed(void (*print)(FILE *f, const json_t *value), const char *json)
{
	json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
	char *text = NULL;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);

	assert_non_null(value);
	print(f, value);
	fclose(f);
	json_decref(value);
	return text;
}

static void print_list(FILE *f, const json_t *value)
{
	output_table(f, value, list_columns, list_column_count);
}

static void list_as_table(void **state)
{
	char *text = printed(
		print_list,
		"[{\"name\":\"Domain-0\",\"id\":0,\"memory_bytes\":1073741824,\"vcpus\":2,"
		"\"state\":\"running\",\"cpu_seconds\":12.34},"
		"{\"name\":\"web\",\"id\":null,\"memory_bytes\":134217728,\"vcpus\":1,"
		"\"state\":\"crashed\",\"cpu_seconds\":null,\"reason\":\"crashed: Kernel panic\"},"
		"{\"name\":\"d\xc3\xbc\",\"id\":117,\"memory_bytes\":16777216,\"vcpus\":1,"
		"\"state\":\"off\",\"cpu_seconds\":1,\"reason\":\"powered off\"}]");

	(void)state;
	assert_string_equal(text,
			    "NAME       ID   MEMORY  VCPUS  CPU TIME  STATE\n"
			    "Domain-0    0  1024MiB      2     12.3s  running\n"
			    "web         -   128MiB      1         -  crashed: Kernel panic\n"
			    "d\xc3\xbc        117    16MiB      1      1.0s  off: powered off\n");
	free(text);
}

static void list_of_nothing(void **state)
{
	char *text = printed(print_list, "[]");

	(void)state;
	assert_string_equal(text, "NAME  ID  MEMORY  VCPUS  CPU TIME  STATE\n");
	free(text);
	text = printed(print_list, "[{}]");
	assert_string_equal(text, "NAME  ID  MEMORY  VCPUS  CPU TIME  STATE\n"
				  "?      -    0MiB      -         -  ?\n");
	free(text);
}

static void data_as_yaml(void **state)
{
	char *text = printed(output_yaml,
			     "{\"name\":\"web\",\"id\":3,\"on\":\"off\",\"empty\":[],\"none\":null,"
			     "\"odd\":\"a: b\",\"num\":\"12\",\"boot\":{\"kernel\":\"/boot/k\"},"
			     "\"list\":[{\"a\":1,\"b\":[true,\"x y\"]},\"s\"]}");

	(void)state;
	assert_string_equal(text, "name: web\nid: 3\non: \"off\"\nempty: []\nnone: null\n"
				  "odd: \"a: b\"\nnum: \"12\"\nboot:\n  kernel: /boot/k\n"
				  "list:\n  - a: 1\n    b:\n      - true\n      - x y\n  - s\n");
	free(text);
}

static void formats(void **state)
{
	enum format f;

	(void)state;
	assert_int_equal(format_parse("json", &f), 0);
	assert_int_equal(f, FORMAT_JSON);
	assert_int_equal(format_parse("yaml", &f), 0);
	assert_int_equal(f, FORMAT_YAML);
	assert_int_equal(format_parse("xml", &f), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_answers), cmocka_unit_test(bad_answers),
		cmocka_unit_test(list_as_table), cmocka_unit_test(list_of_nothing),
		cmocka_unit_test(data_as_yaml),  cmocka_unit_test(formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
