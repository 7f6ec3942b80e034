{{ config(
    unique_key='author_key',
    post_hook="delete from {{ this }} where author_key not in (select author_key from {{ ref('stg_books') }})"
) }}

select
    author_key,
    author_name,
    count(*)                  as book_count,
    sum(sales_millions)       as total_sales_millions,
    min(first_published_year) as first_published_year,
    max(first_published_year) as last_published_year
from {{ ref('stg_books') }}
group by author_key, author_name
