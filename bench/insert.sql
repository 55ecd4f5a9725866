\set random1 random(0, 2147483647)
\set random2 random(0, 2147483647)
INSERT INTO codes (canonical, workspace_id, created_by, created_at, mark, max_redemptions, type, value)
VALUES ('PGB' || :random1 || :random2, '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002',
        now(), :random1, 1, 'Normal', 'PGB-' || :random1 || '-' || :random2)
ON CONFLICT (canonical) DO NOTHING;
