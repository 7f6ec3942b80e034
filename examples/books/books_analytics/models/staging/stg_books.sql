select
    md5(jsonb_build_array(book_title, authors)::text) as book_key,
    md5(authors)                                      as author_key,
    book_title,
    authors                                           as author_name,
    original_language,
    first_published_year,
    sales_millions::numeric(12, 2)                    as sales_millions,
    coalesce(genre, 'Unknown')                        as genre,
    ingested_at
from {{ source('warehouse', 'books_silver') }}
