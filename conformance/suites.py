"""The suites of CPython that are run: all of WHOLE; of USERS, which test other things and use memoryviews on the way, the
tests in which one of the library's is made. With the oldest version of CPython whose suite does so."""

WHOLE = "test_memoryview", "test_buffer"

USERS = {
    "3.11": """
        test_array test_base64 test_binascii test_builtin test_bytes test_codecs test_collections test_float test_format
        test_gzip test_hash test_hmac test_httplib test_int test_long test_marshal test_patma test_picklebuffer test_posix
        test_re test_struct test_asyncio.test_sock_lowlevel test_asyncio.test_sslproto
        test_asyncio.test_transports test_capi.test_getargs test_sqlite3.test_dbapi test_sqlite3.test_types
        test_sqlite3.test_userfunctions
    """.split(),
    "3.12": """
        test_asyncio.test_selector_events test_capi.test_abstract test_capi.test_bytearray test_capi.test_bytes test_capi.test_float
        test_ctypes.test_array_in_pointer test_ctypes.test_byteswap test_ctypes.test_frombuffer test_ctypes.test_pep3118
        test_ctypes.test_pickling test_ctypes.test_strings
    """.split(),
    "3.13": "test_capi.test_number test_str test_urlparse".split(),
    "3.15": ["test_os.test_posix"],
}

# Suites that have moved, and since which version.
MOVED = {"test_posix": (3, 15)}


def users(version):
    """Those of USERS that this version has; versions are pairs."""
    return [
        suite
        for oldest, suites in USERS.items()
        if tuple(map(int, oldest.split("."))) <= version
        for suite in suites
        if version < MOVED.get(suite, (4,))
    ]
