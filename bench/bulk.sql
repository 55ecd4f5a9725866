PRAGMA synchronous = FULL;
PRAGMA cache_size = -8192;
WITH RECURSIVE numbered (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbered WHERE n < %d - 1),
     random (n, text) AS (SELECT n, hex(randomblob(6)) FROM numbered)
INSERT INTO codes (canonical, workspace_id, value, type, max_redemptions, batch_id, batch_index, created_at, created_by)
SELECT 'CODE' || text, x'019A0000000070008000000000000001', 'CODE-' || substr(text, 1, 6) || '-' || substr(text, 7), 'Normal',
       1, x'019A0000000070008000000000000003', n, 1790000000000000 + n, x'019A0000000070008000000000000002'
FROM random WHERE true
ON CONFLICT (canonical) DO NOTHING;
