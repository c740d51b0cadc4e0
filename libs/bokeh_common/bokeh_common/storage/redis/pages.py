"""Scripts that read pages of keys from a sorted set whose scores are all 0, which Redis sorts by bytes."""

#: KEYS: the sorted set, and hashes. ARGV: `bounds`, limit. Returns the keys, and for each hash the values of
#: these keys. HMGET is called in steps, as Lua cannot unpack more than about 8000 values.
PAGE = """
local keys = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])
local page = {keys}
for hash = 2, #KEYS do
    local values = {}
    for first = 1, #keys, 1000 do
        local last = math.min(first + 999, #keys)
        for _, value in ipairs(redis.call('HMGET', KEYS[hash], unpack(keys, first, last))) do
            values[#values + 1] = value
        end
    end
    page[#page + 1] = values
end
return page
"""


#: Like `PAGE` with one hash, but returns only the first 32 bytes of its values, which are etags.
ETAGS = PAGE.replace("[#values + 1] = value", "[#values + 1] = value and string.sub(value, 1, 32)")


def bounds(prefix: str, after: str) -> tuple[bytes, bytes]:
    """Return the arguments of ZRANGEBYLEX for keys that have a prefix and are greater than another key."""
    first = b"(" + after.encode() if after >= prefix else b"[" + prefix.encode()
    beyond = b"(" + prefix.encode() + b"\xff" if prefix else b"+"  # the byte ff does not occur in UTF-8
    return (first if prefix or after else b"-"), beyond
