package exposure

// The codec of lists on the disk.
var (
	AppendRecord = appendRecord
	BodyOf       = bodyOf
	DecodeList   = decodeList
)
