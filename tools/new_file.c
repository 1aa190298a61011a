#include "tools/new_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char MEND[] = "exists; name another, or remove it";

static bool complain(char err[COMMAND_ERR_MAX], const char *path, int why)
{
    if (why == EEXIST || why == ENOTEMPTY || why == ENOTDIR)
        snprintf(err, COMMAND_ERR_MAX, "%s: %s", path, MEND);
    else
        snprintf(err, COMMAND_ERR_MAX, "%s: cannot write: %s", path, strerror(why));
    return false;
}

static char *temp_name(const char *path)
{
    char *name;
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    return asprintf(&name, "%.*s.%ld.tmp", (int)len, path, (long)getpid()) >= 0 ? name : NULL;
}

/* ---- a file ---- */

bool new_file_open(struct new_file *f, char err[COMMAND_ERR_MAX], const char *path)
{
    struct stat st;
    *f = (struct new_file){.path = path};
    if (lstat(path, &st) == 0)
        return complain(err, path, EEXIST);
    char *temp = temp_name(path);
    int rc = temp == NULL ? -ENOMEM : file_create(&f->file, temp, &file_system, NULL);
    if (rc == 0) {
        f->temp = temp;
        return true;
    }
    free(temp);
    return complain(err, path, -rc);
}

bool new_file_write(struct new_file *f, char err[COMMAND_ERR_MAX], struct bytes data)
{
    int rc = file_write_all(&f->file, data, 0);
    return rc == 0 || complain(err, f->path, -rc);
}

/* gives the file its name, unless there is one of that name */
static int put_in_place(const char *temp, const char *path)
{
    if (renameat2(AT_FDCWD, temp, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -errno;
    if (link(temp, path) != 0) /* on a file system that cannot do that */
        return -errno;
    unlink(temp);
    return 0;
}

bool new_file_close(struct new_file *f, char err[COMMAND_ERR_MAX], bool keep)
{
    if (f->temp == NULL)
        return true;
    int rc = keep ? file_sync(&f->file) : 0, closed = file_close(&f->file);
    rc = rc != 0 ? rc : closed;
    if (rc == 0 && keep)
        rc = put_in_place(f->temp, f->path);
    if (rc != 0 || !keep)
        unlink(f->temp);
    if (rc == 0 && keep)
        rc = file_sync_folder(&f->file, f->path);
    free(f->temp);
    f->temp = NULL;
    return rc == 0 || complain(err, f->path, -rc);
}

/* ---- a folder ---- */

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

bool new_folder_open(struct new_folder *f, char err[COMMAND_ERR_MAX], const char *path)
{
    *f = (struct new_folder){.path = path};
    int rc = check_empty(path);
    if (rc != 0)
        return complain(err, path, -rc);
    char *temp = temp_name(path);
    if (temp != NULL && mkdir(temp, 0777) == 0) {
        f->temp = temp;
        return true;
    }
    rc = temp == NULL ? ENOMEM : errno;
    free(temp);
    return complain(err, path, rc);
}

static char *name_in(const char *folder, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", folder, name) >= 0 ? path : NULL;
}

bool new_folder_create(struct new_folder *f, char err[COMMAND_ERR_MAX],
                       struct new_folder_file *file, const char *name)
{
    char *path = name_in(f->temp, name);
    *file = (struct new_folder_file){0};
    int rc = path == NULL ? -ENOMEM : file_create(&file->file, path, &file_system, NULL);
    free(path);
    file->is_open = rc == 0;
    return rc == 0 || complain(err, f->path, -rc);
}

bool new_folder_append(struct new_folder *f, char err[COMMAND_ERR_MAX],
                       struct new_folder_file *file, struct bytes data)
{
    int rc = file_write_all(&file->file, data, file->len);
    file->len += data.len;
    return rc == 0 || complain(err, f->path, -rc);
}

bool new_folder_finish(struct new_folder *f, char err[COMMAND_ERR_MAX],
                       struct new_folder_file *file, bool good)
{
    if (!file->is_open)
        return good;
    int rc = good ? file_sync(&file->file) : 0, closed = file_close(&file->file);
    rc = rc != 0 ? rc : closed;
    file->is_open = false;
    return good && (rc == 0 || complain(err, f->path, -rc));
}

bool new_folder_write(struct new_folder *f, char err[COMMAND_ERR_MAX], const char *name,
                      struct bytes data)
{
    struct new_folder_file file;
    bool good = new_folder_create(f, err, &file, name) && new_folder_append(f, err, &file, data);
    return new_folder_finish(f, err, &file, good);
}

static void remove_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    for (const struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        char *path = e->d_name[0] != '.' ? name_in(folder, e->d_name) : NULL;
        if (path != NULL)
            unlink(path);
        free(path);
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(folder);
}

bool new_folder_close(struct new_folder *f, char err[COMMAND_ERR_MAX], bool keep)
{
    int rc = 0;
    if (f->temp == NULL)
        return true;
    if (keep && rename(f->temp, f->path) != 0) /* takes the place of an empty folder only */
        rc = errno;
    if (!keep || rc != 0)
        remove_folder(f->temp);
    free(f->temp);
    f->temp = NULL;
    return rc == 0 || complain(err, f->path, rc);
}
