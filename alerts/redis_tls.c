#include "alerts/redis_tls.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

static bool fail(struct tls *t, const char *what)
{
    unsigned long code = ERR_peek_last_error(), first = ERR_peek_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    long verdict = t->session ? SSL_get_verify_result(t->session) : X509_V_OK;

    if (ERR_SYSTEM_ERROR(first)) /* of a file: the last says "system lib" */
        reason = strerror(ERR_GET_REASON(first));
    if (verdict != X509_V_OK)
        reason = X509_verify_cert_error_string(verdict);
    snprintf(t->error, sizeof t->error, "%.80s: %.70s", what,
             reason ? reason : "closed by the other side");
    ERR_clear_error();
    return false;
}

static bool load_context(struct tls *t, const struct tls_files *files)
{
    ERR_clear_error();
    t->context = SSL_CTX_new(TLS_client_method());
    if (!t->context)
        return fail(t, "no TLS");
    SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION);
    SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(t->context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (SSL_CTX_load_verify_locations(t->context, files->ca, NULL) != 1)
        return fail(t, files->ca);
    if (!files->cert)
        return true;
    if (SSL_CTX_use_certificate_chain_file(t->context, files->cert) != 1)
        return fail(t, files->cert);
    if (SSL_CTX_use_PrivateKey_file(t->context, files->key ? files->key : files->cert,
                                    SSL_FILETYPE_PEM) != 1)
        return fail(t, files->key ? files->key : files->cert);
    return SSL_CTX_check_private_key(t->context) == 1 || fail(t, "key and certificate");
}

bool tls_check(struct tls *t, const struct tls_files *files)
{
    bool ok = load_context(t, files);

    tls_end(t);
    return ok;
}

/* A certificate names either an address or a name; names go into SNI, too. */
static bool expect(struct tls *t, const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    char name[256]; /* the macro casts const away */
    X509_VERIFY_PARAM *param = SSL_get0_param(t->session);

    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    snprintf(name, sizeof name, "%s", host);
    return SSL_set_tlsext_host_name(t->session, name) == 1 &&
           X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
}

bool tls_begin(struct tls *t, const struct tls_files *files, int fd, const char *host)
{
    tls_end(t);
    if (!load_context(t, files))
        return false;
    t->session = SSL_new(t->context);
    if (!t->session || SSL_set_fd(t->session, fd) != 1 || !expect(t, host))
        return fail(t, "no TLS");
    SSL_set_connect_state(t->session);
    return true;
}

void tls_end(struct tls *t)
{
    SSL_free(t->session);
    SSL_CTX_free(t->context);
    t->session = NULL;
    t->context = NULL;
    t->wants_write = false;
}

/* Whether the session can go on once the socket is ready. */
static bool is_only_waiting(struct tls *t, int result)
{
    int error = SSL_get_error(t->session, result);

    t->wants_write = error == SSL_ERROR_WANT_WRITE;
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

enum tls_step tls_handshake(struct tls *t)
{
    int result;

    ERR_clear_error();
    result = SSL_do_handshake(t->session);
    if (result == 1)
        return TLS_DONE;
    if (is_only_waiting(t, result))
        return TLS_AGAIN;
    fail(t, "TLS");
    return TLS_FAILED;
}

ssize_t tls_read(struct tls *t, void *out, size_t size)
{
    int n;

    ERR_clear_error();
    n = SSL_read(t->session, out, size < INT_MAX ? (int)size : INT_MAX);
    if (n > 0)
        return n;
    if (is_only_waiting(t, n))
        return 0;
    fail(t, "TLS");
    return -1;
}

ssize_t tls_write(struct tls *t, const void *bytes, size_t len)
{
    int n;

    ERR_clear_error();
    n = SSL_write(t->session, bytes, len < INT_MAX ? (int)len : INT_MAX);
    if (n > 0)
        return n;
    if (is_only_waiting(t, n))
        return 0;
    fail(t, "TLS");
    return -1;
}
