INSERT INTO codes (canonical, workspace_id, value, type, max_redemptions, batch_id, batch_index, created_at, created_by, mark)
SELECT 'CODE' || text, '019a0000-0000-7000-8000-000000000001', 'CODE-' || substr(text, 1, 6) || '-' || substr(text, 7), 'Normal',
       1, '019a0000-0000-7000-8000-000000000003', n, now(), '019a0000-0000-7000-8000-000000000002', 1
FROM (SELECT n, upper(substr(md5(random()::text), 1, 12)) AS text FROM generate_series(0, %d - 1) AS n) AS random
ON CONFLICT (canonical) DO NOTHING
