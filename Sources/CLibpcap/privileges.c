#define _GNU_SOURCE
#include "CLibpcap.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct __user_cap_data_struct capability_sets[_LINUX_CAPABILITY_U32S_3];

static int get_capabilities(capability_sets sets) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    return syscall(SYS_capget, &header, sets) == 0 ? 0 : errno;
}

int capture_effective_capabilities(uint64_t *capabilities) {
    capability_sets sets;
    int error = get_capabilities(sets);
    if (error == 0) *capabilities = sets[0].effective | (uint64_t)sets[1].effective << 32;
    return error;
}

int capture_find_user(const char *name, uid_t number, uid_t *user, gid_t *group, char *found,
                      uint32_t length) {
    struct passwd *entry = name != NULL ? getpwnam(name) : getpwuid(number);
    if (entry == NULL) return 0;
    *user = entry->pw_uid;
    *group = entry->pw_gid;
    snprintf(found, length, "%s", entry->pw_name);
    return 1;
}

static int give_up_user(uid_t user, gid_t group, const char *name, const char **step) {
    *step = "setting the groups";
    if (name != NULL ? initgroups(name, group) != 0 : setgroups(1, &group) != 0) return errno;
    *step = "setting the group";
    if (setresgid(group, group, group) != 0) return errno;
    *step = "setting the user";
    if (setresuid(user, user, user) != 0) return errno;
    return 0;
}

static int verify(int was_root, uid_t user, gid_t group, const char **step) {
    uid_t real, effective, saved;
    gid_t real_group, effective_group, saved_group;
    capability_sets sets;
    *step = "making sure that root is given up";
    if (getresuid(&real, &effective, &saved) != 0 ||
        getresgid(&real_group, &effective_group, &saved_group) != 0)
        return errno;
    if (was_root && (real != user || effective != user || saved != user || real_group != group ||
                     effective_group != group || saved_group != group))
        return EPERM;
    *step = "making sure that root cannot be had back";
    if (user != 0 && setuid(0) == 0) return EPERM;
    *step = "making sure that no capability is left";
    int error = get_capabilities(sets);
    if (error != 0) return error;
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        if (sets[i].effective != 0 || sets[i].permitted != 0 || sets[i].inheritable != 0)
            return EPERM;
    return 0;
}

int capture_drop_privileges(uid_t user, gid_t group, const char *name, const char **step) {
    int was_root = geteuid() == 0 || getuid() == 0;
    /* Dropping from the bounding set needs a capability that goes with root: first, and where
       it may not be done there is nothing in the set that could be reached any more. */
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    (void)prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
    if (was_root) {
        int error = give_up_user(user, group, name, step);
        if (error != 0) return error;
    }
    *step = "forbidding new privileges";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    *step = "giving up capabilities";
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    capability_sets none;
    memset(none, 0, sizeof none);
    if (syscall(SYS_capset, &header, none) != 0) return errno;
    return verify(was_root, user, group, step);
}
