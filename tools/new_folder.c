#include "tools/new_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/new_file.h"

static bool complain(char err[COMMAND_ERR_MAX], const struct new_folder *f, int rc)
{
    return new_file_complain(err, f->path, rc == -ENOTEMPTY || rc == -ENOTDIR ? EEXIST : -rc);
}

static int check_empty(const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return errno == ENOENT ? 0 : -errno;
    int num = 0;
    while (num <= 2 && readdir(dir) != NULL) /* "." and ".." are always there */
        num++;
    closedir(dir);
    return num <= 2 ? 0 : -ENOTEMPTY;
}

static int make_folder(void *context, const char *name)
{
    (void)context;
    return mkdir(name, 0777) == 0 ? 0 : -errno;
}

static int begin(struct new_folder *f)
{
    if (f->temp != NULL)
        return 0;
    signal_hold_begin(&f->hold);
    int rc = temp_name_make(&f->temp, f->path, make_folder, NULL);
    if (rc != 0)
        signal_hold_end(&f->hold);
    return rc;
}

static char *name_in(const char *folder, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", folder, name) >= 0 ? path : NULL;
}

static void remove_temp(struct new_folder *f)
{
    DIR *dir = f->temp != NULL ? opendir(f->temp) : NULL;
    for (const struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        char *path = e->d_name[0] != '.' ? name_in(f->temp, e->d_name) : NULL;
        if (path != NULL)
            unlink(path);
        free(path);
    }
    if (dir != NULL)
        closedir(dir);
    if (f->temp != NULL)
        rmdir(f->temp);
    free(f->temp);
    f->temp = NULL;
}

bool new_folder_open(struct new_folder *f, char err[COMMAND_ERR_MAX], const char *path)
{
    *f = (struct new_folder){.path = path};
    int rc = check_empty(path);
    if (rc == 0)
        rc = begin(f); /* that it can be made is to be known before anything is counted */
    remove_temp(f);
    signal_hold_end(&f->hold);
    if (rc == 0)
        return true;
    complain(err, f, rc);
    f->path = NULL;
    return false;
}

bool new_folder_create(struct new_folder *f, char err[COMMAND_ERR_MAX],
                       struct new_folder_file *file, const char *name)
{
    *file = (struct new_folder_file){0};
    int rc = begin(f);
    char *path = rc == 0 ? name_in(f->temp, name) : NULL;
    if (rc == 0)
        rc = path == NULL ? -ENOMEM : file_create(&file->file, path, &file_system, NULL);
    free(path);
    file->is_open = rc == 0;
    return rc == 0 || complain(err, f, rc);
}

bool new_folder_append(struct new_folder *f, char err[COMMAND_ERR_MAX],
                       struct new_folder_file *file, struct bytes data)
{
    int rc = signal_hold_due() ? -ECANCELED : file_write_all(&file->file, data, file->len);
    file->len += data.len;
    return rc == 0 || complain(err, f, rc);
}

bool new_folder_finish(struct new_folder *f, char err[COMMAND_ERR_MAX],
                       struct new_folder_file *file, bool good)
{
    if (!file->is_open)
        return good;
    int rc = good ? file_sync(&file->file) : 0, closed = file_close(&file->file);
    rc = rc != 0 ? rc : closed;
    file->is_open = false;
    return good && (rc == 0 || complain(err, f, rc));
}

bool new_folder_write(struct new_folder *f, char err[COMMAND_ERR_MAX], const char *name,
                      struct bytes data)
{
    struct new_folder_file file;
    bool good = new_folder_create(f, err, &file, name) && new_folder_append(f, err, &file, data);
    return new_folder_finish(f, err, &file, good);
}

static int put_in_place(struct new_folder *f)
{
    int rc = begin(f); /* an empty one, if there is nothing in it */
    if (rc != 0)
        return rc;
    if (signal_hold_due())
        return -ECANCELED;
    return rename(f->temp, f->path) == 0 ? 0 : -errno; /* takes an empty folder's place only */
}

bool new_folder_close(struct new_folder *f, char err[COMMAND_ERR_MAX], bool keep)
{
    if (f->path == NULL)
        return true;
    int rc = keep ? put_in_place(f) : 0;
    if (rc != 0)
        complain(err, f, rc);
    remove_temp(f); /* it is gone already if it is kept */
    f->path = NULL;
    signal_hold_end(&f->hold);
    return rc == 0;
}
