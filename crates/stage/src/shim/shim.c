/* Loaded into a service's processes: addresses of the workspace become addresses of the stage.
 *
 * SEAM_STAGE holds lines, separated by `;`:
 *   b PORT REAL         binding to PORT binds to REAL on loopback
 *   h NAME ADDRESS      the name of a service is this loopback address
 *   c ADDRESS PORT REAL connecting to this loopback address and port connects to REAL on 127.0.0.1
 *   o                   addresses beyond this machine stay reachable
 *
 * Invariants: it never allocates after its start, never writes, and leaves every other call as it is.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/types.h>

#define MOST 512

static struct { unsigned short port, real; } binds[MOST];
static struct { in_addr_t address; unsigned short port, real; } connects[MOST];
static struct { char name[128]; char address[32]; } hosts[MOST];
static int bound, connected, named, outside, loaded;

static int (*real_connect)(int, const struct sockaddr *, socklen_t);
static int (*real_bind)(int, const struct sockaddr *, socklen_t);
static int (*real_getaddrinfo)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
static struct hostent *(*real_gethostbyname)(const char *);

__attribute__((constructor)) static void load(void) {
  if (loaded) return;
  loaded = 1;
  real_connect = (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");
  real_bind = (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "bind");
  real_getaddrinfo = (int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **))dlsym(RTLD_NEXT, "getaddrinfo");
  real_gethostbyname = (struct hostent * (*)(const char *)) dlsym(RTLD_NEXT, "gethostbyname");
  const char *text = getenv("SEAM_STAGE");
  while (text && *text) {
    char line[256];
    size_t length = strcspn(text, ";");
    size_t kept = length < sizeof line - 1 ? length : sizeof line - 1;
    memcpy(line, text, kept);
    line[kept] = 0;
    text += length;
    if (*text == ';') text++;
    unsigned port, real;
    char name[128], address[32];
    if (sscanf(line, "b %u %u", &port, &real) == 2 && bound < MOST) {
      binds[bound].port = (unsigned short)port;
      binds[bound++].real = (unsigned short)real;
    } else if (sscanf(line, "h %127s %31s", name, address) == 2 && named < MOST) {
      strcpy(hosts[named].name, name);
      strcpy(hosts[named++].address, address);
    } else if (sscanf(line, "c %31s %u %u", address, &port, &real) == 3 && connected < MOST) {
      connects[connected].address = inet_addr(address);
      connects[connected].port = (unsigned short)port;
      connects[connected++].real = (unsigned short)real;
    } else if (line[0] == 'o') {
      outside = 1;
    }
  }
}

static int loopback(in_addr_t address) { return (ntohl(address) >> 24) == 127 || address == INADDR_ANY; }

/* The address of an IPv4 or mapped or loopback IPv6 socket address; 0 if it is beyond this machine. */
static int parts(const struct sockaddr *to, socklen_t length, in_addr_t *address, unsigned short *port) {
  if (to->sa_family == AF_INET && length >= sizeof(struct sockaddr_in)) {
    const struct sockaddr_in *in = (const struct sockaddr_in *)to;
    *address = in->sin_addr.s_addr;
    *port = ntohs(in->sin_port);
    return loopback(*address);
  }
  const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)to;
  *port = ntohs(in->sin6_port);
  *address = htonl(INADDR_LOOPBACK);
  if (IN6_IS_ADDR_LOOPBACK(&in->sin6_addr) || IN6_IS_ADDR_UNSPECIFIED(&in->sin6_addr)) return 1;
  if (!IN6_IS_ADDR_V4MAPPED(&in->sin6_addr)) return 0;
  memcpy(address, &in->sin6_addr.s6_addr[12], 4);
  return loopback(*address);
}

static int network(const struct sockaddr *to, socklen_t length) {
  return to && ((to->sa_family == AF_INET && length >= sizeof(struct sockaddr_in)) ||
                (to->sa_family == AF_INET6 && length >= sizeof(struct sockaddr_in6)));
}

/* The same kind of address, on 127.0.0.1 (mapped for IPv6). */
static socklen_t local(const struct sockaddr *like, unsigned short port, int only6, struct sockaddr_storage *out) {
  memset(out, 0, sizeof *out);
  if (like->sa_family == AF_INET) {
    struct sockaddr_in *in = (struct sockaddr_in *)out;
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    in->sin_port = htons(port);
    return sizeof *in;
  }
  struct sockaddr_in6 *in = (struct sockaddr_in6 *)out;
  in->sin6_family = AF_INET6;
  in->sin6_port = htons(port);
  inet_pton(AF_INET6, only6 ? "::1" : "::ffff:127.0.0.1", &in->sin6_addr);
  return sizeof *in;
}

int connect(int socket, const struct sockaddr *to, socklen_t length) {
  load();
  if (!network(to, length)) return real_connect(socket, to, length);
  in_addr_t address;
  unsigned short port;
  if (!parts(to, length, &address, &port)) {
    int kind = 0;
    socklen_t size = sizeof kind;
    getsockopt(socket, SOL_SOCKET, SO_TYPE, &kind, &size);
    if (outside || kind != SOCK_STREAM) return real_connect(socket, to, length);
    errno = ENETUNREACH;
    return -1;
  }
  if (address == INADDR_ANY) address = htonl(INADDR_LOOPBACK);
  for (int at = 0; at < connected; at++) {
    if (connects[at].address == address && connects[at].port == port) {
      struct sockaddr_storage other;
      socklen_t size = local(to, connects[at].real, 0, &other);
      return real_connect(socket, (struct sockaddr *)&other, size);
    }
  }
  return real_connect(socket, to, length);
}

int bind(int socket, const struct sockaddr *to, socklen_t length) {
  load();
  if (!network(to, length)) return real_bind(socket, to, length);
  int kind = 0, only6 = 0;
  socklen_t size = sizeof kind;
  getsockopt(socket, SOL_SOCKET, SO_TYPE, &kind, &size);
  size = sizeof only6;
  if (to->sa_family == AF_INET6) getsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &only6, &size);
  in_addr_t address;
  unsigned short port;
  parts(to, length, &address, &port);
  if (kind != SOCK_STREAM || port == 0) return real_bind(socket, to, length);
  unsigned short real = port;
  for (int at = 0; at < bound; at++)
    if (binds[at].port == port) real = binds[at].real;
  struct sockaddr_storage other;
  size = local(to, real, only6, &other);
  return real_bind(socket, (struct sockaddr *)&other, size);
}

static const char *found(const char *name) {
  load();
  if (!name) return name;
  size_t length = strlen(name);
  if (length && name[length - 1] == '.') length--;
  for (int at = 0; at < named; at++)
    if (strlen(hosts[at].name) == length && strncasecmp(hosts[at].name, name, length) == 0) return hosts[at].address;
  return name;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out) {
  const char *address = found(name);
  if (address != name && hints && hints->ai_family == AF_INET6) {
    struct addrinfo mapped = *hints;
    mapped.ai_flags |= AI_V4MAPPED;
    return real_getaddrinfo(address, service, &mapped, out);
  }
  return real_getaddrinfo(address, service, hints, out);
}

struct hostent *gethostbyname(const char *name) {
  return real_gethostbyname(found(name));
}
