import Storage

/// The recorder's own tables. Append-only; a released step is never edited.
enum RecorderSchema {
  static let schema: (name: String, migrations: [Migration]) = (
    "recorder",
    [
      Migration("tapes, their ledger, the plan and the recordings", first),
      Migration("how much each tape holds", totals),
      Migration("segments of HLS streams", media),
      Migration("files that are made again", remade),
      RetentionCatalog.migration,
      Migration("the as-run log", asRun),
      Migration("what each stream turned out to be", DescriptionCatalog.migration),
      Migration("what was wanted of each stream, and fingerprints of segments", wanted),
    ]
  )

  private static let first = """
    CREATE TABLE segments (
      stream TEXT NOT NULL,           -- whose tape
      sequence INTEGER NOT NULL,      -- place on the tape; never used twice
      start_us INTEGER NOT NULL,      -- label of the first sample: UTC, microseconds since 1970
      duration_us INTEGER NOT NULL,   -- from the sample count, microseconds
      samples INTEGER NOT NULL,       -- per channel
      frames INTEGER NOT NULL,        -- whole frames in the file
      bytes INTEGER NOT NULL,         -- size of the file
      codec TEXT NOT NULL,            -- mp3, mp2, mp1, aac
      sample_rate INTEGER NOT NULL,   -- Hz, of the frames
      channels INTEGER NOT NULL,      -- 0: told inside the frames
      path TEXT NOT NULL UNIQUE,      -- below the tape folder
      splice TEXT NOT NULL,           -- how it follows the one before: Splice
      is_recovered INTEGER NOT NULL,  -- 1: found by the reconciliation after a crash
      PRIMARY KEY (stream, sequence)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX segments_by_time ON segments (stream, start_us);

    CREATE TABLE gaps (
      id INTEGER PRIMARY KEY,
      stream TEXT NOT NULL,
      start_us INTEGER NOT NULL,      -- from here nothing was captured: UTC, microseconds
      end_us INTEGER,                 -- to here; NULL while it lasts
      cause TEXT NOT NULL,            -- Gap.Cause of the messages
      detail TEXT NOT NULL            -- one sentence for people
    ) STRICT;
    CREATE INDEX gaps_by_time ON gaps (stream, start_us);

    CREATE TABLE desired_set (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      version INTEGER NOT NULL,       -- the scheduler's; a lower one is ignored
      digest TEXT NOT NULL            -- of the set as it was received
    ) STRICT;

    CREATE TABLE streams (
      id TEXT PRIMARY KEY,
      definition BLOB NOT NULL,       -- StreamDefinition as JSON
      is_desired INTEGER NOT NULL     -- 1: in the newest set
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE recordings (
      job TEXT PRIMARY KEY,
      token INTEGER NOT NULL,         -- fencing token; the result is published with it
      stream TEXT NOT NULL,
      start_us INTEGER NOT NULL,      -- the padded window, UTC, microseconds
      end_us INTEGER NOT NULL,        -- not part of it
      plan BLOB NOT NULL,             -- RecordingPlan as JSON
      received_at_us INTEGER NOT NULL,  -- when the plan first came
      is_desired INTEGER NOT NULL,    -- 1: in the newest set
      state TEXT NOT NULL,            -- RecordingPhase
      attempts INTEGER NOT NULL DEFAULT 0,  -- of making the file, counted before each
      final_path TEXT,                -- where the file is or is about to be
      file BLOB,                      -- FinishedFile as JSON, from the moment it is checked
      reason TEXT,                    -- one sentence, where it failed
      updated_at_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX recordings_by_state ON recordings (state, start_us);

    CREATE TABLE life (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      alive_at_us INTEGER NOT NULL    -- the recorder was running then, to a few seconds
    ) STRICT;
    """

  /// A file that is made again for a later end leaves the one before in place until it is settled.
  private static let remade = """
    ALTER TABLE recordings ADD COLUMN next_plan BLOB;  -- came while a file was being made for this one
    CREATE TABLE earlier_files (
      job TEXT NOT NULL,
      path TEXT NOT NULL,
      is_replaced INTEGER NOT NULL,   -- 1: another is canonical; it is moved out of the way
      PRIMARY KEY (job, path)
    ) STRICT, WITHOUT ROWID;
    """

  /// A tape of years has millions of rows, which no listing may count.
  private static let totals = """
    CREATE TABLE tapes (
      stream TEXT PRIMARY KEY,
      segments INTEGER NOT NULL,      -- rows of the stream
      bytes INTEGER NOT NULL          -- the sum of their bytes
    ) STRICT, WITHOUT ROWID;
    INSERT INTO tapes (stream, segments, bytes)
      SELECT stream, count(*), sum(bytes) FROM segments GROUP BY stream;
    CREATE TRIGGER segment_added AFTER INSERT ON segments BEGIN
      INSERT INTO tapes (stream, segments, bytes) VALUES (NEW.stream, 1, NEW.bytes)
        ON CONFLICT (stream) DO UPDATE SET segments = segments + 1, bytes = bytes + NEW.bytes;
    END;
    CREATE TRIGGER segment_removed AFTER DELETE ON segments BEGIN
      UPDATE tapes SET segments = segments - 1, bytes = bytes - OLD.bytes
        WHERE stream = OLD.stream;
    END;
    """

  private static let asRun = """
    CREATE TABLE titles (
      stream TEXT NOT NULL,
      at_us INTEGER NOT NULL,         -- label of the sound that follows it: UTC, microseconds
      title TEXT NOT NULL,            -- as announced; empty: nothing is announced any more
      PRIMARY KEY (stream, at_us)
    ) STRICT, WITHOUT ROWID;
    """

  /// A segment with a container has no frames of its own: codec is empty, samples and the like 0.
  private static let media = """
    ALTER TABLE segments ADD COLUMN container TEXT;        -- SegmentInspection.Container, or NULL
    ALTER TABLE segments ADD COLUMN codecs TEXT;           -- RFC 6381
    ALTER TABLE segments ADD COLUMN height INTEGER;        -- lines of the picture, where there is one
    ALTER TABLE segments ADD COLUMN init TEXT;             -- SHA-256 of the initialisation section
    ALTER TABLE segments ADD COLUMN is_independent INTEGER;  -- 1: playable without the one before
    ALTER TABLE segments ADD COLUMN media_sequence INTEGER;  -- the station's number
    ALTER TABLE segments ADD COLUMN discontinuity INTEGER;   -- the station's discontinuity sequence
    ALTER TABLE segments ADD COLUMN address TEXT;          -- path of its address, without a query
    """

  /// The other side of the ledger: captured and gaps add up to this.
  private static let wanted = """
    CREATE TABLE wanted (
      id INTEGER PRIMARY KEY,
      stream TEXT NOT NULL,
      start_us INTEGER NOT NULL,      -- from here the plan needed the stream: UTC, microseconds
      end_us INTEGER                  -- to here; NULL while it lasts
    ) STRICT;
    CREATE INDEX wanted_by_time ON wanted (stream, start_us);
    ALTER TABLE segments ADD COLUMN digest INTEGER;  -- ByteDigest of the file; NULL: not known
    CREATE TABLE volume (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      mark TEXT NOT NULL,             -- what the tape folder's mark file holds
      path TEXT NOT NULL,             -- where that folder was
      is_apart INTEGER NOT NULL       -- 1: on another file system than this database
    ) STRICT;
    """
}
