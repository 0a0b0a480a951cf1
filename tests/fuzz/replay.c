/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Feeds files to a fuzz target without libFuzzer: each argument is a file, or a directory whose files are
 * taken in the order of their names. Relative names are also looked for below $top_srcdir. Prints one line
 * for each file and the total at the end; a target that finds something wrong aborts, so the last name
 * printed is the culprit. Without any file to feed it fails: a corpus that is not found must not pass. */

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/macros.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static int replay_file(const char *path)
{
        _cleanup_fclose_ FILE *f = fopen(path, "re");
        if (!f)
                return -errno;

        _cleanup_free_ uint8_t *data = NULL;
        size_t size_bytes = 0;
        for (;;) {
                uint8_t buffer[65536];
                size_t n = fread(buffer, 1, sizeof(buffer), f);
                if (n == 0)
                        break;
                uint8_t *grown = realloc(data, size_bytes + n);
                if (!grown)
                        return -ENOMEM;
                data = grown;
                memcpy(data + size_bytes, buffer, n);
                size_bytes += n;
        }
        if (ferror(f))
                return -EIO;

        printf("[ RUN      ] %s\n", path);
        (void) fflush(stdout); /* the name has to be out before the target may abort */
        /* An exact copy, so that a sanitizer sees a read beyond the end; libFuzzer passes one too. */
        uint8_t *exact = malloc(MAX(size_bytes, (size_t) 1));
        if (!exact)
                return -ENOMEM;
        if (size_bytes > 0)
                memcpy(exact, data, size_bytes);
        (void) LLVMFuzzerTestOneInput(exact, size_bytes); /* the value is libFuzzer's affair */
        free(exact);
        printf("[       OK ] %s\n", path);
        return 1;
}

static int is_visible(const struct dirent *d)
{
        return d->d_name[0] != '.';
}

/* Returns how many files were fed, or a negative errno. */
static int replay_path(const char *path)
{
        struct stat st;
        if (stat(path, &st) < 0)
                return -errno;
        if (!S_ISDIR(st.st_mode))
                return replay_file(path);

        struct dirent **entries = NULL;
        int n = scandir(path, &entries, is_visible, alphasort);
        if (n < 0)
                return -errno;
        int total = 0;
        for (int i = 0; i < n; i++) {
                char child[PATH_MAX];
                if (total >= 0 && snprintf(child, sizeof(child), "%s/%s", path, entries[i]->d_name) <
                                                  (int) sizeof(child)) {
                        int r = replay_path(child);
                        total = r < 0 ? r : total + r;
                }
                free(entries[i]);
        }
        free(entries);
        return total;
}

static int replay_argument(const char *argument)
{
        const char *top = getenv("top_srcdir");
        int r = replay_path(argument);
        if (r == -ENOENT && argument[0] != '/' && top) {
                char path[PATH_MAX];
                if (snprintf(path, sizeof(path), "%s/%s", top, argument) < (int) sizeof(path))
                        r = replay_path(path);
        }
        return r;
}

int main(int argc, char **argv)
{
        int total = 0, failed = 0;
        for (int i = 1; i < argc; i++) {
                int r = replay_argument(argv[i]);
                if (r < 0) {
                        fprintf(stderr, "[  FAILED  ] %s: %s\n", argv[i], strerror(-r));
                        failed++;
                        continue;
                }
                total += r;
        }
#ifdef FUZZ_CORPUS
        if (argc < 2) {
                total = replay_argument(FUZZ_CORPUS);
                if (total < 0) {
                        fprintf(stderr, "[  FAILED  ] %s: %s\n", FUZZ_CORPUS, strerror(-total));
                        total = 0;
                        failed++;
                }
        }
#endif
        printf("[==========] %d input(s) run.\n", total);
        printf("[  PASSED  ] %d input(s).\n", total);
        return failed > 0 || total == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
