"""Pages of a sorted set of keys whose scores are all 0, which Redis orders by their bytes."""

#: KEYS: the sorted set, and hashes. ARGV: `bounds`, limit. Returns the keys, and of each hash the values of
#: these keys. HMGET goes in steps, as Lua unpacks no more than some 8000 values.
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


#: As `PAGE` of one hash, of whose values only the first 32 bytes, the etags, are returned.
ETAGS = PAGE.replace("[#values + 1] = value", "[#values + 1] = value and string.sub(value, 1, 32)")


def bounds(prefix: str, after: str) -> tuple[bytes, bytes]:
    """Return the arguments of ZRANGEBYLEX for the keys with a prefix and greater than another."""
    first = b"(" + after.encode() if after >= prefix else b"[" + prefix.encode()
    beyond = b"(" + prefix.encode() + b"\xff" if prefix else b"+"  # UTF-8 has no byte ff
    return (first if prefix or after else b"-"), beyond
