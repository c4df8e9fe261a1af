/* SPDX-License-Identifier: BSD-3-Clause */
/* request_btf.c - type information: what there is, and its bytes */
#include "bpf/btf.h"
#include "ctl/object.h"
#include "ctl/value.h"

static void print_btf(struct json *j, struct btf_blob *btf)
{
	u32 size;

	btf_raw(btf, &size);
	json_begin_object(j);
	json_ku64(j, "id", btf_number(btf)->id);
	json_ku64(j, "size", size);
	json_end_object(j);
}

static int btf_list(struct request *rq, struct err *err)
{
	int handle;

	(void)err;
	json_begin_array(&rq->json);
	for (u32 id = 0; (id = object_next(rq, &object_btf, id, &handle));) {
		print_btf(&rq->json, wclient_btf(rq->bpf, handle));
		wclient_close(rq->bpf, handle);
	}
	json_end_array(&rq->json);
	return 0;
}

static int btf_show(struct request *rq, struct err *err)
{
	int handle = arg_object(rq, "btf", &object_btf, err);

	if (handle < 0)
		return handle;
	print_btf(&rq->json, wclient_btf(rq->bpf, handle));
	return 0;
}

static int btf_dump(struct request *rq, struct err *err)
{
	int handle = arg_object(rq, "btf", &object_btf, err);
	const void *raw;
	u32 size;

	if (handle < 0)
		return handle;
	raw = btf_raw(wclient_btf(rq->bpf, handle), &size);
	value_base64(&rq->json, raw, size);
	return 0;
}

const struct method btf_methods[] = {
	{ "btf.list", "", btf_list },
	{ "btf.show", "btf", btf_show },
	{ "btf.dump", "btf", btf_dump },
	{ 0 },
};
