/* SPDX-License-Identifier: MIT */
/* Extraction and removal below a folder of POSIX: modes, failures, links. */
#include "archive.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "zip_writer.h"

static char folder[] = "/tmp/archive-test-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return rj_archive_remove_tree("/tmp", folder + 5, NULL) == RJ_OK ? 0 : -1;
}

static mode_t mode_of(const char *name)
{
    char path[200];
    struct stat st;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return lstat(path, &st) == 0 ? st.st_mode : 0;
}

static int never(void *data)
{
    unsigned *asked = data;
    return ++*asked > 2;
}

static void files_come_out_with_plain_modes(void **state)
{
    size_t length;
    rj_archive *archive;
    rj_archive_extracted extracted;
    rj_failure failure = {0};
    zip_writer *zip = zip_writer_new();
    (void)state;
    zip_writer_add(zip,
                   &(zip_member){.name = "t/run", .bytes = "x", .length = 1, .unix_mode = 0104777});
    zip_writer_add(
        zip, &(zip_member){.name = "t/u/plain", .bytes = "y", .length = 1, .unix_mode = 0100666});
    zip_writer_add(zip, &(zip_member){.name = "empty", .bytes = ""});
    zip_writer_add(zip, &(zip_member){.name = "v/w/", .bytes = ""});
    unsigned char *bytes = zip_writer_finish(zip, NULL, &length);
    mode_t before = umask(077);
    assert_int_equal(rj_archive_open_memory("x", bytes, length, NULL, &archive, &failure), RJ_OK);
    assert_int_equal(rj_archive_extract(archive, folder, "out", NULL, &extracted, &failure), RJ_OK);
    umask(before);
    assert_int_equal(extracted.files, 3);
    assert_int_equal(mode_of("out/t/run"), S_IFREG | 0755);
    assert_int_equal(mode_of("out/t/u/plain"), S_IFREG | 0644);
    assert_int_equal(mode_of("out/t"), S_IFDIR | 0755);
    assert_int_equal(mode_of("out/v/w"), S_IFDIR | 0755);
    /* a second time the folder is in the way, and stays */
    assert_int_equal(rj_archive_extract(archive, folder, "out", NULL, NULL, &failure), RJ_E_IO);
    assert_int_equal(mode_of("out/t/run"), S_IFREG | 0755);
    rj_archive_close(archive);
    free(bytes);
}

static void a_failed_or_cancelled_extraction_leaves_nothing(void **state)
{
    size_t length;
    unsigned asked = 0;
    rj_archive *archive;
    rj_failure failure = {0};
    zip_writer *zip = zip_writer_new();
    const rj_archive_extract_options stop = {.data = &asked, .cancelled = never};
    (void)state;
    zip_writer_add(zip, &(zip_member){.name = "a/b", .bytes = "", .length = 0});
    zip_writer_add(zip, &(zip_member){.name = "c", .bytes = "abc", .length = 3, .crc_lie = 1});
    unsigned char *bytes = zip_writer_finish(zip, NULL, &length);
    assert_int_equal(rj_archive_open_memory("x", bytes, length, NULL, &archive, &failure), RJ_OK);
    assert_int_equal(rj_archive_extract(archive, folder, "bad", NULL, NULL, &failure),
                     RJ_E_CORRUPT);
    assert_int_equal(mode_of("bad"), 0);
    assert_int_equal(rj_archive_extract(archive, folder, "bad", &stop, NULL, &failure),
                     RJ_E_CANCELLED);
    assert_int_equal(mode_of("bad"), 0);
    rj_archive_close(archive);
    free(bytes);
}

static void removing_a_tree_follows_no_link(void **state)
{
    char path[200];
    (void)state;
    snprintf(path, sizeof(path), "%s/kept", folder);
    assert_int_equal(mkdir(path, 0755), 0);
    snprintf(path, sizeof(path), "%s/kept/file", folder);
    close(open(path, O_CREAT | O_WRONLY, 0644));
    snprintf(path, sizeof(path), "%s/tree", folder);
    assert_int_equal(mkdir(path, 0755), 0);
    snprintf(path, sizeof(path), "%s/tree/link", folder);
    assert_int_equal(symlink("../kept", path), 0);
    assert_int_equal(rj_archive_remove_tree(folder, "tree", NULL), RJ_OK);
    assert_int_equal(mode_of("tree"), 0);
    assert_int_equal(mode_of("kept/file"), S_IFREG | 0644);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_come_out_with_plain_modes),
        cmocka_unit_test(a_failed_or_cancelled_extraction_leaves_nothing),
        cmocka_unit_test(removing_a_tree_follows_no_link),
    };
    return cmocka_run_group_tests_name("archive extraction", tests, set_up, tear_down);
}
