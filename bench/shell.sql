PRAGMA synchronous = FULL;
PRAGMA cache_size = -8192;
WITH RECURSIVE numbered (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbered WHERE n < %d),
     random (n, text) AS (SELECT n, hex(randomblob(6)) FROM numbered)
INSERT INTO codes (canonical, workspace_id, value, type, created_at, created_by)
SELECT 'CODE' || text, x'019A0000000070008000000000000001', 'CODE-' || substr(text, 1, 6) || '-' || substr(text, 7), 'Normal',
       1790000000000000 + n, x'019A0000000070008000000000000002'
FROM random WHERE true
ON CONFLICT (canonical) DO NOTHING;
