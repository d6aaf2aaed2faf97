module example.org/bookshop/payments

go 1.24
