package diag

// codesW61 are the codes of the environment: the command line, files and weir.yaml, which cmd/ gives.
var codesW61 = []CodeInfo{
	{"W6100", "a bad command line", "The flags or arguments are not what the command takes: weir COMMAND --help lists them.", "", ""},
	{"W6101", "a file that cannot be read", "A pipeline or project file is missing, or may not be read.", "", ""},
	{"W6102", "an unknown key in weir.yaml", "The keys are root, params, target and targets. A key that is not known is an error, so that a slip of the keyboard is not silently without effect.", "", ""},
	{"W6103", "weir.yaml is malformed", "The file is YAML: mappings of keys to values.", "", ""},
	{"W6104", "a value in weir.yaml that makes no sense", "The message says what is wanted.", "", ""},
	{"W6105", "an unknown target", "The target is one of those that weir.yaml declares; without the file there is only local.", "", ""},
	{"W6106", "a target that cannot be run on yet", "The kinds of targets are local and yarn: a target says its kind, or is called so.", "", ""},
}

// codesW62 are the codes of reading files, which the readers of stdlib give.
var codesW62 = []CodeInfo{
	{"W6251", "a path that names no file", "A path is a file, a folder with a trailing `/`, or a pattern such as `data/*.fasta`.", "", ""},
	{"W6252", "a file that cannot be read to its end", "The storage failed while the file was being read. The run stops; nothing is written.", "", ""},
	{"W6253", "damaged compressed data", "A compressed file is truncated, has a wrong checksum or something else behind it. None of its records can be trusted, so the run stops.", "", ""},
	{"W6254", "a kind of file that cannot be read", "Readers take text in UTF-8, plain or packed by gzip, bgzip or zstd.", "", ""},
	{"W6255", "a file that changed during the run", "Records of two versions would be mixed. Run again when nothing writes to the file.", "", ""},
	{"W6211", "a sequence without a header", "A FASTA record begins with a line `>id description`.", "", ""},
	{"W6212", "a byte that is no letter of a sequence", "Proteins have the letters A to Z and *, dna and rna IUPAC's nucleotide codes; white space is passed over.", "", ""},
	{"W6213", "a gap in a sequence", "- and . stand in alignments. `gaps: strip` removes them.", "", ""},
	{"W6214", "a header without an id", "The id is the first word after >.", "", ""},
	{"W6216", "a record that is too long", "A record has at most 64 MiB of residues and a header of at most 1 MiB, so that memory is bounded.", "", ""},
	{"W6217", "a FASTQ record whose lines do not go together", "A record has four lines: @ and its header, the sequence, +, and one character of quality for each residue. Reading goes on at the next place that has this form.", "", ""},
	{"W6218", "a record that FASTA cannot hold", "Written down it would be read back as another one: the id is empty or has white space, the header has a line break, or the sequence has something else than letters. The row is rejected.", "", ""},
}

// codesS3 are the codes of runtime/storage/s3. Each message names the object, the operation of S3's API, and the store's own words.
var codesS3 = []CodeInfo{
	{"W6261", "no such bucket or object", "`weir storage ls s3://bucket/folder/` shows what is there. A store that is not on AWS needs its endpoint: AWS_ENDPOINT_URL_S3, or `endpoint` in weir.yaml.", "", ""},
	{"W6262", "S3 denies access", "The hint names the permission that is missing. A bucket may also want the requester to pay, and an object under a KMS key needs kms:Decrypt to be read and kms:GenerateDataKey to be written.", "", ""},
	{"W6263", "credentials for S3 are missing, wrong or expired", "They are found as by every AWS SDK: in AWS_*, in ~/.aws, by SSO, by the machine's role. Those that have expired are looked for again, also while a run lasts.", "", ""},
	{"W6264", "a bucket in another region", "On AWS the region is asked of the bucket. Elsewhere it is AWS_REGION, or `region` in weir.yaml.", "", ""},
	{"W6265", "S3 fails, or cannot be reached", "A request that fails by the network or the store is made again, up to AWS_MAX_ATTEMPTS times (10), ever later. Then the run stops, and nothing of its output is visible.", "", ""},
	{"W6266", "S3 refuses what is asked of it", "The cause has the store's own words. A store that only resembles S3 may lack what is wanted here: ranges of objects, multipart uploads, conditional writes.", "", ""},
	{"W6267", "an upload that cannot be completed", "Its parts are gone or are others than those that were written: it was aborted by a rule of the bucket, or two processes have gone on with one run.", "", ""},
	{"W6268", "a path or settings of S3 that make no sense", "A path is s3://bucket/key. The settings stand in weir.yaml under `storage: s3:`, in AWS_* and in ~/.aws.", "", ""},
	{"W6269", "an object with other bytes than were written", "Its checksum (CRC-32C) does not match. Something on the way, or this machine's memory, is at fault.", "", ""},
}

// codesW63 are the codes of a running alignment, which stdlib/align gives.
var codesW63 = []CodeInfo{
	{"W6301", "an alignment's scheme cannot be made", "The matrix file cannot be read, or matrix and gap costs do not go together.", "", ""},
	{"W6302", "no alignment kernel can be chosen", "WEIR_ALIGN_PATH forces a kernel that this machine does not have. The message lists those that it has.", "", ""},
	{"W6303", "a sequence that cannot be aligned", "It has a letter that the matrix does not know, or is too long for its score to be counted. The row is rejected.", "", ""},
	{"W6305", "no statistics for a scheme", "Bit scores and E-values need the parameters of matrix and gap costs; they are known for the toolkit's.", "", ""},
	{"W6304", "a pair that is too long", "Its score could leave 32 bits.", "", ""},
}
