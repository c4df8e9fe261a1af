/* SPDX-License-Identifier: BSD-3-Clause */
/* replay.c - runs a fuzz target on every file of a folder, without libFuzzer */
#include "fuzzer.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static int run_file(const char *path)
{
	struct stat st;
	FILE *f = fopen(path, "rb");
	uint8_t *bytes;
	int ret = -1;

	if (!f)
		return -1;
	if (fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode)) {
		bytes = malloc((size_t)st.st_size + 1);
		if (bytes && fread(bytes, 1, (size_t)st.st_size, f) ==
				     (size_t)st.st_size) {
			LLVMFuzzerTestOneInput(bytes, (size_t)st.st_size);
			ret = 0;
		}
		free(bytes);
	}
	fclose(f);
	return ret;
}

int main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	const struct dirent *e;
	char path[PATH_MAX];
	unsigned int files = 0;

	if (!dir) {
		fprintf(stderr, "usage: replay FOLDER\n");
		return 2;
	}
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name);
		if (run_file(path)) {
			fprintf(stderr, "%s: cannot be read\n", path);
			closedir(dir);
			return 1;
		}
		files++;
	}
	closedir(dir);
	printf("%u files\n", files);
	return files ? 0 : 1;
}
